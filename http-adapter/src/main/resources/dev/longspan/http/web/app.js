'use strict';

const $ = (id) => document.getElementById(id);
let session = null; // the id of the session that is shown
let running = null; // what aborts the answer that runs

// ---- the server

class ServerError extends Error {
  constructor(status, error) {
    super(error && error.message ? error.message : 'the server answered ' + status);
    this.status = status;
  }
}

function headers(json) {
  const all = json ? {'Content-Type': 'application/json'} : {};
  const key = sessionStorage.getItem('key');
  if (key) all.Authorization = 'Bearer ' + key;
  return all;
}

async function request(method, path, body, signal) {
  const response = await fetch(path, {
    method,
    headers: headers(body !== undefined),
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (response.status === 401) {
    $('key-dialog').showModal();
  }
  if (!response.ok) {
    const text = await response.text();
    let error = null;
    try { error = JSON.parse(text).error; } catch (ignored) { /* not ours: the status says enough */ }
    throw new ServerError(response.status, error);
  }
  return response;
}

const json = async (method, path, body) => (await request(method, path, body)).json();
const at = (id, rest) => '/v1/sessions/' + encodeURIComponent(id) + (rest || '');

/** Calls with the data of each event of a stream. */
async function eachEvent(response, call) {
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const {done, value} = await reader.read();
    if (done) return;
    rest += decoder.decode(value, {stream: true});
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith('data: ') && block !== 'data: [DONE]') call(JSON.parse(block.slice(6)));
    }
  }
}

// ---- what is seen

function note(text) { $('note').textContent = text; }

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function button(text, label, action) {
  const made = element('button', '', text);
  made.type = 'button';
  made.setAttribute('aria-label', label);
  made.addEventListener('click', guarded(action));
  return made;
}

/** Does something, and says what went wrong. */
function guarded(action) {
  return async (event) => {
    note('');
    try {
      await action(event);
    } catch (error) {
      note(error.message);
    }
  };
}

/** One message on the page, whose parts may grow. */
class Bubble {
  constructor(role) {
    this.item = element('li', role);
    this.item.append(element('div', 'role', role));
    this.thinking = null;
    this.text = null;
    $('messages').append(this.item);
  }

  addThinking(text) {
    if (!this.thinking) {
      const fold = element('details');
      fold.append(element('summary', '', 'Thinking'));
      this.thinking = element('div', 'body');
      fold.append(this.thinking);
      this.item.append(fold);
    }
    this.thinking.append(text);
    this.scroll();
  }

  addText(text) {
    if (!this.text) {
      this.text = element('div', 'body');
      this.item.append(this.text);
    }
    this.text.append(text);
    this.scroll();
  }

  addCall(call) {
    this.item.append(element('div', 'call', call.function.name + '(' + call.function.arguments + ')'));
    this.text = null;
    this.scroll();
  }

  addActions(count) {
    const actions = element('div', 'actions');
    actions.append(
      button('Keep up to here', 'Roll back to message ' + count, async () => {
        await json('POST', at(session, '/rollback'), {keep_messages: count});
        await show(session);
      }),
      button('Fork here', 'Fork the session at message ' + count, async () => {
        const fork = await json('POST', at(session, '/fork'), {});
        await json('POST', at(fork.session_id, '/rollback'), {keep_messages: count});
        await show(fork.session_id);
      }));
    this.item.append(actions);
  }

  scroll() {
    const list = $('messages');
    if (list.scrollHeight - list.scrollTop - list.clientHeight < 200) list.scrollTop = list.scrollHeight;
  }
}

function render(messages) {
  $('messages').replaceChildren();
  messages.forEach((message, index) => {
    const bubble = new Bubble(message.role);
    if (message.reasoning_content) bubble.addThinking(message.reasoning_content);
    if (message.content) bubble.addText(message.content);
    (message.tool_calls || []).forEach((call) => bubble.addCall(call));
    bubble.addActions(index + 1);
  });
  $('messages').scrollTop = $('messages').scrollHeight;
}

async function show(id) {
  session = id;
  const history = await json('GET', at(id, '/history'));
  render(history.messages);
  await refresh();
}

async function refresh() {
  const [sessions, snapshots] = await Promise.all([
    json('GET', '/v1/sessions?detail=true'), json('GET', '/v1/snapshots')]);
  $('sessions').replaceChildren(...sessions.sessions.map((each) => {
    const item = element('li');
    const open = button(each.session_id, 'Open session ' + each.session_id, () => show(each.session_id));
    open.title = each.message_count + ' messages, ' + each.current_pos + ' tokens';
    open.setAttribute('aria-current', String(each.session_id === session));
    item.append(open, button('×', 'Close session ' + each.session_id, async () => {
      await json('DELETE', at(each.session_id));
      if (each.session_id === session) {
        session = null;
        render([]);
      }
      await refresh();
    }));
    return item;
  }));
  $('snapshots').replaceChildren(...snapshots.snapshots.map((each) => {
    const name = each.metadata.title || each.snapshot_id;
    const path = '/v1/snapshots/' + encodeURIComponent(each.snapshot_id);
    const item = element('li');
    const load = button(name, 'Load snapshot ' + name, async () => {
      const loaded = await json('POST', path + '/load', {});
      await show(loaded.session_id);
    });
    load.title = each.problem || each.session.current_pos + ' tokens, ' + new Date(each.created_at * 1000).toLocaleString();
    load.disabled = Boolean(each.problem);
    item.append(load, button('×', 'Delete snapshot ' + name, async () => {
      await json('DELETE', path);
      await refresh();
    }));
    return item;
  }));
  $('save').disabled = session === null;
}

function progress(read) {
  $('progress').hidden = !read || read.processed >= read.total;
  if (read) {
    $('bar').max = read.total;
    $('bar').value = read.processed;
    $('count').textContent = read.processed + ' of ' + read.total + ' tokens';
  }
}

// ---- what is done

async function ask(text) {
  if (session === null) session = (await json('POST', '/v1/sessions', {})).session_id;
  const before = $('messages').childElementCount;
  const question = new Bubble('user');
  question.addText(text);
  const bubble = new Bubble('assistant');
  running = new AbortController();
  $('send').disabled = true;
  $('stop').disabled = false;
  try {
    const response = await request('POST', '/v1/chat/completions', {
      session_id: session,
      messages: [{role: 'user', content: text}],
      stream: true,
      stream_options: {include_progress: true},
    }, running.signal);
    let failure = null;
    await eachEvent(response, (chunk) => {
      if (chunk.error) failure = chunk.error;
      if (chunk.prompt_progress) progress(chunk.prompt_progress);
      const delta = chunk.choices && chunk.choices[0] ? chunk.choices[0].delta : {};
      if (delta.reasoning_content) bubble.addThinking(delta.reasoning_content);
      if (delta.content) bubble.addText(delta.content);
      (delta.tool_calls || []).forEach((call) => bubble.addCall(call));
    });
    if (failure) throw new ServerError(0, failure);
    $('text').value = '';
    // what the model thought stays in sight, though the session need not keep it
    question.addActions(before + 1);
    bubble.addActions(before + 2);
    await refresh();
  } catch (error) {
    note(error.name === 'AbortError' ? 'Stopped: the turn is taken back.' : error.message);
    await settled();
  } finally {
    running = null;
    progress(null);
    $('send').disabled = false;
    $('stop').disabled = true;
    $('text').focus();
  }
}

/** Shows what the session holds, once it is no longer busy with a turn that is taken back. */
async function settled() {
  const shown = $('note').textContent;
  for (let i = 0; i < 50; i++) {
    const info = await json('GET', at(session));
    if (!info.busy) break;
    await new Promise((done) => setTimeout(done, 100));
  }
  await show(session);
  note(shown);
}

function stop() { if (running) running.abort(); }

$('ask').addEventListener('submit', guarded(async (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (text.trim() !== '' && !running) await ask(text);
}));
$('text').addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    $('ask').requestSubmit();
  }
});
document.addEventListener('keydown', (event) => { if (event.key === 'Escape') stop(); });
$('stop').addEventListener('click', stop);
$('new').addEventListener('click', guarded(async () => {
  const made = await json('POST', '/v1/sessions', {});
  await show(made.session_id);
  $('text').focus();
}));
$('save').addEventListener('click', guarded(async () => {
  const first = $('messages').querySelector('li.user .body');
  const title = first ? first.textContent.slice(0, 60) : session;
  await json('POST', at(session, '/save'), {title});
  await refresh();
}));
$('menu').addEventListener('click', () => {
  const open = $('side').classList.toggle('open');
  $('menu').setAttribute('aria-expanded', String(open));
});
$('key-form').addEventListener('submit', () => {
  sessionStorage.setItem('key', $('key').value);
  begin();
});

const begin = guarded(async () => {
  const models = await json('GET', '/v1/models');
  $('model').textContent = models.data[0].id;
  await refresh();
});
begin();
