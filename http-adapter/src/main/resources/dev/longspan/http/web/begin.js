'use strict';

/** Shows what the server has, once its model is there. */
async function firstRefresh() {
  for (;;) {
    try {
      await refresh();
      return;
    } catch (error) {
      if (error.code !== 'MODEL_LOADING') throw error;
      note(error.message);
    }
    await new Promise((done) => setTimeout(done, 1000));
    note('');
  }
}

/**
 * Shows the session that was shown before the page was loaded anew. The server stops what is being answered when the page is gone; if
 * that was so, what was asked is given back. The answer may have been whole before the server saw it.
 */
async function comeBack() {
  const id = sessionStorage.getItem('session');
  const asked = JSON.parse(sessionStorage.getItem('asked'));
  sessionStorage.removeItem('session');
  sessionStorage.removeItem('asked');
  const there = [...$('sessions').querySelectorAll('[data-id]')].some((each) => each.dataset.id === id);
  const settled = there ? await idle(id) : null;
  if (asked !== null) {
    const whole = settled && settled.sequence !== asked.sequence;
    const told = {note: 'The page was loaded anew during an answer, which was stopped.', text: asked.text};
    if (!whole) left.set(there ? id : null, told);
  } else if (id !== null && !there) {
    note('The session that was shown here is closed.');
  }
  // what is begun meanwhile is not turned away from
  if (settled && session === null && answers.size === 0) await show(id);
  tell();
}

function keep(name, value) {
  if (value === null) sessionStorage.removeItem(name);
  else sessionStorage.setItem(name, value);
}

window.addEventListener('pagehide', () => {
  keep('session', session);
  const answer = answers.get(session);
  keep('asked', answer ? JSON.stringify({text: answer.text, sequence: answer.expected}) : null);
});

const begin = guarded(async () => {
  const models = await json('GET', '/v1/models');
  $('model').textContent = models.data[0].id;
  await firstRefresh();
  await comeBack();
});

$('key-form').addEventListener('submit', (event) => {
  const foreign = $('key').value.match(/[^\x20-\xff]/u); // what no header can hold
  $('key-note').textContent = foreign ? 'No key has such a character: ' + foreign[0] : '';
  if (foreign) {
    event.preventDefault();
    return;
  }
  sessionStorage.setItem('key', $('key').value);
  begin();
});

begin();
