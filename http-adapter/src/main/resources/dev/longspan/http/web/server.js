'use strict';

const $ = (id) => document.getElementById(id);

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

/** What is said of a connection that fails: browsers each have their own words for it. */
function reaching(work, problem) {
  return work.catch((error) => { throw error.name === 'AbortError' ? error : new Error(problem); });
}

async function request(method, path, body, signal) {
  const response = await reaching(fetch(path, {
    method,
    headers: headers(body !== undefined),
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  }), 'The server cannot be reached.');
  if (response.status === 401) {
    $('key-note').textContent = sessionStorage.getItem('key') ? 'The server does not know this key.' : '';
    $('key-dialog').showModal();
    $('key').select();
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
    const {done, value} = await reaching(reader.read(), 'The connection to the server broke.');
    if (done) return;
    rest += decoder.decode(value, {stream: true});
    const blocks = rest.split('\n\n');
    rest = blocks.pop();
    for (const block of blocks) {
      if (block.startsWith('data: ') && block !== 'data: [DONE]') call(JSON.parse(block.slice(6)));
    }
  }
}
