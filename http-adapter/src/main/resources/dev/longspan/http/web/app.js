'use strict';

const $ = (id) => document.getElementById(id);
let session = null; // the id of the session that is shown
let opening = 0; // counts the sessions that were asked for, so that the last one is shown
let refreshing = 0; // counts the lists that were asked for, likewise
const answers = new Map(); // the answers that are being made, each by the id of its session
const left = new Map(); // what is to be told in a session about its last answer, once it is shown
const closed = new Set(); // the sessions that were closed here

// ---- the server

class ServerError extends Error {
  constructor(status, error) {
    super(error && error.message ? error.message : 'the server answered ' + status);
    this.status = status;
    this.code = error ? error.code : null;
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
      if (error.code === 'session_not_found') await refresh().catch((failure) => note(failure.message));
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
        const id = session;
        await json('POST', at(id, '/rollback'), {keep_messages: count});
        await show(id);
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
    if (this.item.isConnected && list.scrollHeight - list.scrollTop - list.clientHeight < 200) list.scrollTop = list.scrollHeight;
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

/** Shows a session, with the answer that is being made in it. */
async function show(id) {
  const asked = ++opening;
  let answer;
  let history;
  do {
    answer = answers.get(id);
    history = await json('GET', at(id, '/history'));
    if (asked !== opening) return; // another one was asked for meanwhile
  } while (answer !== answers.get(id));
  turnTo(id, answer ? history.messages.slice(0, answer.before) : history.messages);
  await refresh();
}

function turnTo(id, messages) {
  session = id;
  render(messages);
  const answer = answers.get(id);
  if (answer) {
    answer.append();
    $('messages').scrollTop = $('messages').scrollHeight;
  }
  controls();
  tell();
}

/** The session that was shown is no more: what it said can be read until the next message begins another one. */
function leave() {
  session = null;
  $('messages').querySelectorAll('.actions').forEach((each) => each.remove());
  controls();
  note('This session was closed elsewhere. The next message begins a new one.');
}

/** Makes buttons and progress those of the session that is shown, and marks the sessions that are being answered in. */
function controls() {
  const answer = answers.get(session);
  $('send').disabled = Boolean(answer);
  $('stop').disabled = !answer || answer.over;
  $('save').disabled = session === null;
  progress(answer && !answer.over ? answer.read : null);
  $('sessions').querySelectorAll('[data-id]').forEach((each) => {
    each.setAttribute('aria-current', String(each.dataset.id === session));
    each.setAttribute('aria-busy', String(answers.has(each.dataset.id)));
  });
}

async function refresh() {
  const shown = session;
  const asked = ++refreshing;
  const [sessions, snapshots] = await Promise.all([
    json('GET', '/v1/sessions?detail=true'), json('GET', '/v1/snapshots')]);
  if (asked !== refreshing) return; // what is newer is on its way
  $('sessions').replaceChildren(...sessions.sessions.map((each) => {
    const item = element('li');
    const open = button(each.session_id, 'Open session ' + each.session_id, () => show(each.session_id));
    open.title = each.message_count + ' messages, ' + each.current_pos + ' tokens';
    open.dataset.id = each.session_id;
    item.append(open, button('×', 'Close session ' + each.session_id, () => close(each.session_id)));
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
  controls();
  // an answer that is being made there fails first, and gives back what was asked
  const missed = shown !== null && shown === session && !closed.has(shown) && !answers.has(shown);
  if (missed && !sessions.sessions.some((each) => each.session_id === shown)) leave();
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

/** An answer that is being made, and what it was asked. */
class Answer {
  constructor(text) {
    this.text = text;
    this.before = $('messages').childElementCount;
    this.question = new Bubble('user');
    this.question.addText(text);
    this.bubble = new Bubble('assistant');
    this.controller = new AbortController();
    this.read = null; // how far the prompt is read
    this.over = false; // nothing more comes, though the session may still be busy
  }

  append() { $('messages').append(this.question.item, this.bubble.item); }

  remove() {
    this.question.item.remove();
    this.bubble.item.remove();
  }
}

async function ask(text) {
  let id = session;
  if (id === null) $('messages').replaceChildren(); // what a session said that is gone
  const answer = new Answer(text);
  answers.set(id, answer);
  $('text').value = '';
  controls();
  try {
    if (id === null) id = await sessionFor(answer);
    await stream(id, answer);
  } catch (error) {
    await failed(id, answer, error);
    return;
  }
  answers.delete(id);
  // what the model thought stays in sight, though the session need not keep it
  answer.question.addActions(answer.before + 1);
  answer.bubble.addActions(answer.before + 2);
  controls();
  if (session === id) $('text').focus();
  await refresh();
}

/** Begins the session that an answer is the first of. */
async function sessionFor(answer) {
  const made = await (await request('POST', '/v1/sessions', {}, answer.controller.signal)).json();
  answers.delete(null);
  answers.set(made.session_id, answer);
  if (session === null) session = made.session_id;
  guarded(refresh)();
  return made.session_id;
}

async function stream(id, answer) {
  const response = await request('POST', '/v1/chat/completions', {
    session_id: id,
    messages: [{role: 'user', content: answer.text}],
    stream: true,
    stream_options: {include_progress: true},
  }, answer.controller.signal);
  let failure = null;
  await eachEvent(response, (chunk) => {
    if (chunk.error) failure = chunk.error;
    if (chunk.prompt_progress) {
      answer.read = chunk.prompt_progress;
      controls();
    }
    const delta = chunk.choices && chunk.choices[0] ? chunk.choices[0].delta : {};
    if (delta.reasoning_content) answer.bubble.addThinking(delta.reasoning_content);
    if (delta.content) answer.bubble.addText(delta.content);
    (delta.tool_calls || []).forEach((call) => answer.bubble.addCall(call));
  });
  if (failure) throw new ServerError(0, failure);
}

/** Says where it was asked why there is no answer, and shows what the session holds once the turn is taken back. */
async function failed(id, answer, error) {
  answer.over = true;
  controls();
  if (!closed.has(id)) {
    left.set(id, {
      note: error.name === 'AbortError' ? 'Stopped: the turn is taken back.' : error.message,
      text: answer.text,
    });
  }
  tell();
  let settled = false;
  try {
    const gone = id === null || closed.has(id) || error.code === 'session_not_found';
    settled = !gone && await idle(id);
  } finally {
    answers.delete(id);
    answer.remove();
    controls();
  }
  if (session === id) $('text').focus();
  if (settled && session === id) await show(id);
  else await refresh();
}

/** Waits until a session is no longer busy; false if that cannot be known, which the list of sessions will tell. */
async function idle(id) {
  try {
    for (let i = 0; i < 50 && (await json('GET', at(id))).busy; i++) {
      await new Promise((done) => setTimeout(done, 100));
    }
    return true;
  } catch (error) {
    return false;
  }
}

/** Tells what became of the last answer of the session that is shown, and gives back what was asked. */
function tell() {
  const last = left.get(session);
  if (!last) return;
  left.delete(session);
  note(last.note);
  if ($('text').value === '') $('text').value = last.text;
}

async function close(id) {
  closed.add(id);
  try {
    await json('DELETE', at(id));
  } catch (error) {
    if (error.code !== 'session_not_found') {
      closed.delete(id);
      throw error;
    }
  }
  left.delete(id);
  if (session === id) turnTo(null, []);
  await refresh();
}

function stop() {
  const answer = answers.get(session);
  if (answer) answer.controller.abort();
}

$('ask').addEventListener('submit', guarded(async (event) => {
  event.preventDefault();
  const text = $('text').value;
  if (text.trim() !== '' && !answers.has(session)) await ask(text);
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
