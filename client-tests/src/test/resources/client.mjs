// OpenAI's own client for JavaScript, unchanged. Arguments: the base address, the key.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const [baseURL, apiKey] = process.argv.slice(2);
const client = new OpenAI({baseURL, apiKey});
const ask = (content, more) => ({model: 'digest', messages: [{role: 'user', content}], ...more});
const create = (body, options) => client.chat.completions.create(body, options);

// chat
const whole = await create(ask('!say hello\n!end'));
assert.equal(whole.choices[0].message.content, 'hello');
assert.equal(whole.choices[0].finish_reason, 'stop');
assert.equal((await client.models.list()).data[0].id, 'digest');

// stream, with usage
let text = '';
let usage = null;
const stream = await create(ask('!say one two\n!end', {stream: true, stream_options: {include_usage: true}}));
for await (const chunk of stream) {
  text += chunk.choices[0]?.delta?.content ?? '';
  usage = chunk.usage ?? usage;
}
assert.equal(text, 'one two');
assert.ok(usage.completion_tokens > 0);

// a full loop of tools
const tools = [{type: 'function', function: {name: 'look', parameters: {type: 'object', properties: {q: {type: 'string'}}}}}];
const messages = [{role: 'user', content: '!call look\n!end'}];
const asked = await create({model: 'digest', messages, tools});
assert.equal(asked.choices[0].finish_reason, 'tool_calls');
messages.push(asked.choices[0].message);
for (const call of asked.choices[0].message.tool_calls) {
  assert.equal(call.function.name, 'look');
  messages.push({role: 'tool', tool_call_id: call.id, content: 'found'});
}
messages.push({role: 'user', content: '!say done\n!end'});
assert.equal((await create({model: 'digest', messages, tools})).choices[0].message.content, 'done');

// what the client's helpers have gathered is sent back whole
const think = ask('!think 9\n!say a\n!end');
const streamed = await client.chat.completions.stream(think).finalMessage();
const parsed = (await client.chat.completions.parse(think)).choices[0].message;
for (const gathered of [streamed, parsed]) {
  const turns = [...think.messages, gathered, {role: 'user', content: '!say b\n!end'}];
  assert.equal((await create({model: 'digest', messages: turns})).choices[0].message.content, 'b');
}

// errors
await assert.rejects(create(ask('x', {n: 2})), (error) => error.status === 400 && error.param === 'n');
await assert.rejects(async () => {
  for await (const ignored of await create(ask('!say a\n!fail', {stream: true})));
}, (error) => error.message.includes('failed'));

// cancel
const endless = await create(ask('!loop', {stream: true, repetition_detection: {enabled: false}}));
for await (const ignored of endless) {
  endless.controller.abort();
  break;
}

// a session, with the extra members that the client sends on
await client.post('/sessions', {body: {session_id: 'js'}});
await create(ask('!say first\n!end', {session_id: 'js'}));
const history = await client.get('/sessions/js/history');
assert.deepEqual(history.messages.map((each) => each.role), ['user', 'assistant']);
console.log('all is well');
