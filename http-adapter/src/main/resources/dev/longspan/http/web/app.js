'use strict';

let session = null; // the id of the session that is shown
let sequence = 0; // the session's, when it held what is shown; 0 for a new one
let opening = 0; // counts the sessions that were asked for, so that the last one is shown
let refreshing = 0; // counts the lists that were asked for, likewise
const answers = new Map(); // the answers that are being made, each by the id of its session
const left = new Map(); // what is to be told in a session about its last answer, once it is shown
const closed = new Set(); // the sessions that were closed here
const KEPT = 'Stopped: the session keeps what it holds now.';
const MOVED = 'Others wrote in this session meanwhile; it is shown as it is now.';

// ---- what is seen

const WAITING = 'Waiting for the server …';

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
  made.addEventListener('click', once(action));
  return made;
}

/** Does something, not twice at the same time, and says so if it takes a while: the server may wait for memory, or for its disk. */
function once(action) {
  const run = guarded(action);
  let running = false;
  return async (event) => {
    if (running) return;
    running = true;
    const clicked = event.currentTarget;
    clicked.setAttribute('aria-disabled', 'true');
    const slow = setInterval(() => {
      if ($('note').textContent === '' && !document.querySelector('dialog[open]')) note(WAITING);
    }, 1000);
    await run(event);
    clearInterval(slow);
    if ($('note').textContent === WAITING) note('');
    clicked.removeAttribute('aria-disabled');
    running = false;
    // who works by keys goes on where the page does, if what was pressed is gone
    if (event.detail === 0 && document.activeElement === document.body) $(isMenuOver() ? 'new' : 'text').focus();
  };
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

/** Does what counts the messages that are shown; if others wrote in the session, shows it anew instead. */
async function asShown(action) {
  const id = session;
  try {
    await action(id, sequence);
  } catch (error) {
    if (error.code !== 'sequence_mismatch') throw error;
    await show(id);
    throw new Error(MOVED);
  }
}

async function rollBack(id, count, expected) {
  await json('POST', at(id, '/rollback'), {keep_messages: count, expected_seq: expected});
}

/** Makes a second session of the first messages. Its sequence is that of the first one, until it is rolled back. */
async function fork(id, count, expected) {
  const made = (await json('POST', at(id, '/fork'), {})).session_id;
  try {
    await rollBack(made, count, expected);
  } catch (error) {
    await json('DELETE', at(made)).catch(() => { /* why there is no fork says more */ });
    throw error;
  }
  return made;
}

/** Asks before something is lost. */
function sure(question, yes) {
  const dialog = $('sure-dialog');
  $('sure-title').textContent = question;
  $('yes').textContent = yes;
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener('close', () => done(dialog.returnValue === 'yes'), {once: true});
  });
}

/** Opens or closes the menu of a narrow page. */
function menu(open) {
  $('side').classList.toggle('open', open);
  $('menu').setAttribute('aria-expanded', String(open));
}

/** Whether the menu lies over the page. */
function isMenuOver() { return $('menu').offsetParent !== null && $('side').classList.contains('open'); }

/** Shows a session that was chosen in the menu. */
async function choose(id) {
  await show(id);
  menu(false);
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
      button('Keep up to here', 'Roll back to message ' + count, () => asShown(async (id, expected) => {
        await rollBack(id, count, expected);
        await show(id);
      })),
      button('Fork here', 'Fork the session at message ' + count, () => asShown(async (id, expected) => {
        await show(await fork(id, count, expected));
      })));
    this.item.append(actions);
  }

  scroll() {
    const list = $('messages');
    if (this.item.isConnected && list.scrollHeight - list.scrollTop - list.clientHeight < 200) list.scrollTop = list.scrollHeight;
  }
}

function toEnd() { $('messages').scrollTop = $('messages').scrollHeight; }

function render(messages) {
  $('messages').replaceChildren();
  messages.forEach((message, index) => {
    const bubble = new Bubble(message.role);
    if (message.reasoning_content) bubble.addThinking(message.reasoning_content);
    if (message.content) bubble.addText(message.content);
    (message.tool_calls || []).forEach((call) => bubble.addCall(call));
    bubble.addActions(index + 1);
  });
  toEnd();
}

/** Shows a session, with the answer that is being made in it. */
async function show(id) {
  const asked = ++opening;
  let answer;
  let seen;
  let history;
  do {
    answer = answers.get(id);
    // before the history: if others write in between, what is asked for next is refused, and shows the session anew
    seen = (await json('GET', at(id))).sequence;
    history = await json('GET', at(id, '/history'));
    if (asked !== opening) return; // another one was asked for meanwhile
  } while (answer !== answers.get(id));
  turnTo(id, answer ? history.messages.slice(0, answer.before) : history.messages, seen);
  await refresh();
}

function turnTo(id, messages, seen) {
  session = id;
  sequence = seen;
  render(messages);
  const answer = answers.get(id);
  if (answer) {
    answer.append();
    toEnd();
  }
  controls();
  tell();
}

/** The session that was shown is no more: what it said can be read until the next message begins another one. */
function leave() {
  session = null;
  sequence = 0;
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
    const open = button(each.session_id, 'Open session ' + each.session_id, () => choose(each.session_id));
    open.title = each.message_count + ' messages, ' + each.current_pos + ' tokens';
    open.dataset.id = each.session_id;
    item.append(open, button('×', 'Close session ' + each.session_id, async () => {
      const question = 'Close session ' + each.session_id + '? What is not saved as a snapshot is lost.';
      if (await sure(question, 'Close it')) await close(each.session_id);
    }));
    return item;
  }));
  $('snapshots').replaceChildren(...snapshots.snapshots.map((each) => {
    const name = each.metadata.title || each.snapshot_id;
    const path = '/v1/snapshots/' + encodeURIComponent(each.snapshot_id);
    const item = element('li');
    const load = button(name, (each.problem ? 'Damaged snapshot ' : 'Load snapshot ') + name, async () => {
      if (each.problem) throw new Error(each.problem);
      const loaded = await json('POST', path + '/load', {});
      await choose(loaded.session_id);
    });
    load.title = each.problem || each.session.current_pos + ' tokens, ' + new Date(each.created_at * 1000).toLocaleString();
    load.classList.toggle('damaged', Boolean(each.problem));
    item.append(load, button('×', 'Delete snapshot ' + name, async () => {
      if (!await sure('Delete snapshot ' + name + '?', 'Delete it')) return;
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
    this.expected = sequence; // the session's
    this.sequence = sequence; // and what the turn has made of it
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
  toEnd(); // wherever one was reading, for one's own message is there
  controls();
  try {
    if (id === null) id = await sessionFor(answer);
    await stream(id, answer);
  } catch (error) {
    await failed(id, answer, error);
    return;
  }
  answers.delete(id);
  if (session === id) sequence = answer.sequence;
  // what the model thought stays in sight, though the session need not keep it
  answer.question.addActions(answer.before + 1);
  answer.bubble.addActions(answer.before + 2);
  answer.bubble.scroll();
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
    expected_seq: answer.expected,
    messages: [{role: 'user', content: answer.text}],
    stream: true,
    stream_options: {include_progress: true},
  }, answer.controller.signal);
  let failure = null;
  await eachEvent(response, (chunk) => {
    if (chunk.error) failure = chunk.error;
    if (chunk.x_session_seq !== undefined) answer.sequence = chunk.x_session_seq;
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

function reason(error) {
  if (error.name === 'AbortError') return 'Stopped: the turn is taken back.';
  return error.code === 'sequence_mismatch' ? MOVED + ' Your message was not sent.' : error.message;
}

/** Says where it was asked why there is no answer, and gives back what was asked. */
function giveBack(id, answer, error) {
  if (!closed.has(id)) left.set(id, {note: reason(error), text: answer.text});
  tell();
}

/**
 * Says why there is no answer, and shows what the session holds once the turn is over. What the server says has failed is taken back.
 * Whoever stopped listening does not know: the turn may have been whole before, or what was sent is kept.
 */
async function failed(id, answer, error) {
  answer.over = true;
  controls();
  const told = error instanceof ServerError;
  if (told) giveBack(id, answer, error);
  else if (session === id) note(error.name === 'AbortError' ? 'Stopped.' : error.message);
  let settled = null;
  try {
    const gone = id === null || closed.has(id) || error.code === 'session_not_found';
    settled = gone ? null : await idle(id);
    if (!told && settled && settled.sequence !== answer.expected) left.set(id, {note: KEPT, text: ''});
    else if (!told) giveBack(id, answer, error);
  } finally {
    answers.delete(id);
    answer.remove();
    controls();
  }
  if (session === id) $('text').focus();
  if (settled && session === id) await show(id);
  else await refresh();
}

/** Waits until a session is no longer busy, and gives what it is then; null if that cannot be known, which the list of sessions will tell. */
async function idle(id) {
  try {
    let seen = await json('GET', at(id));
    for (let i = 0; i < 50 && seen.busy; i++) {
      await new Promise((done) => setTimeout(done, 100));
      seen = await json('GET', at(id));
    }
    return seen;
  } catch (error) {
    return null;
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

/** Has the server close a session: it is asked again as long as it waits for what the session's turn computes. */
async function end(id) {
  for (let closing = true; closing;) {
    closing = await json('DELETE', at(id)).then(() => false, (error) => {
      if (error.code !== 'session_busy') throw error;
      return true;
    });
  }
}

async function close(id) {
  closed.add(id);
  try {
    await end(id);
  } catch (error) {
    if (error.code !== 'session_not_found') {
      closed.delete(id);
      throw error;
    }
  }
  left.delete(id);
  if (session === id) turnTo(null, [], 0);
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
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return; // a dialog closes by itself
  if (isMenuOver()) {
    menu(false);
    $('menu').focus();
  } else {
    stop();
  }
});
$('stop').addEventListener('click', stop);
$('new').addEventListener('click', once(async () => {
  const made = await json('POST', '/v1/sessions', {});
  await choose(made.session_id);
  $('text').focus();
}));
$('save').addEventListener('click', once(async () => {
  const first = $('messages').querySelector('li.user .body');
  const title = first ? [...first.textContent].slice(0, 60).join('') : session;
  await json('POST', at(session, '/save'), {title});
  await refresh();
}));
$('menu').addEventListener('click', () => menu(!isMenuOver()));
