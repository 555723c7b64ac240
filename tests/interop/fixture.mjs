// An MCP server with everything that the conformance suite's scored server scenarios ask for, on the official SDK v2.
// One URL serves both eras: 2025 with sessions, 2026 stateless. fixture.mjs PORT
import { randomBytes, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { localhostHostValidation, localhostOriginValidation, NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest } from '@modelcontextprotocol/node';
import {
  completable, createMcpHandler, createRequestStateCodec, fromJsonSchema, InMemoryServerEventBus, inputRequired, isLegacyRequest,
  McpServer, ResourceTemplate,
} from '@modelcontextprotocol/server';
import { z } from 'zod';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==';
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=';
const codec = createRequestStateCodec({ key: randomBytes(32) });
const bus = new InMemoryServerEventBus();
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const say = (text) => ({ content: [{ type: 'text', text }] });
const ask = (message, properties, required = Object.keys(properties)) =>
  inputRequired.elicit({ message, requestedSchema: { type: 'object', properties, required } });
const sample = (text, maxTokens) => inputRequired.createMessage({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens });
const answer = (ctx, key) => {
  const got = ctx.mcpReq.inputResponses?.[key];
  return got && typeof got === 'object' && !Array.isArray(got) ? got : undefined;
};
const accepted = (ctx, key, member) => (answer(ctx, key)?.action === 'accept' ? answer(ctx, key).content?.[member] : undefined);
const able = (ctx) => ctx.mcpReq.envelope?.['io.modelcontextprotocol/clientCapabilities'] ?? {};

function contentTools(server) {
  const image = { type: 'image', data: PNG, mimeType: 'image/png' };
  const tool = (name, content) => server.registerTool(name, { description: `Returns fixed content: ${name}` }, () => ({ content }));
  tool('test_simple_text', [{ type: 'text', text: 'This is a simple text response for testing.' }]);
  tool('test_image_content', [image]);
  tool('test_audio_content', [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }]);
  tool('test_embedded_resource', [{ type: 'resource', resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' } }]);
  tool('test_multiple_content_types', [{ type: 'text', text: 'Multiple content types test:' }, image,
    { type: 'resource', resource: { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data","value":123}' } }]);
  server.registerTool('test_error_handling', { description: 'Always fails' }, () => { throw new Error('This tool intentionally returns an error for testing'); });
  server.registerTool('json_schema_2020_12_tool', { description: 'A schema with 2020-12 keywords', inputSchema: fromJsonSchema({
    $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object', additionalProperties: false,
    $defs: { address: { $anchor: 'addressDef', type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
    properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' }, contactMethod: { type: 'string', enum: ['phone', 'email'] },
      phone: { type: 'string' }, email: { type: 'string' } },
    allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
    if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] }, then: { required: ['phone'] }, else: { required: ['email'] },
  }) }, () => say('ok'));
  server.registerTool('test_x_mcp_header', { description: 'One argument is mirrored into a header', inputSchema: fromJsonSchema({
    type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' }, query: { type: 'string' } },
  }) }, ({ region }) => say(`region ${region}`));
}

function slowTools(server) {
  server.registerTool('test_tool_with_logging', { description: 'Logs while it runs' }, async (ctx) => {
    await ctx.mcpReq.log('info', 'Tool execution started');
    await wait(50);
    await ctx.mcpReq.log('info', 'Tool processing data');
    await wait(50);
    await ctx.mcpReq.log('info', 'Tool execution completed');
    return say('logged');
  });
  server.registerTool('test_logging_tool', { description: 'Logs once' }, async (ctx) => { await ctx.mcpReq.log('info', 'hello'); return say('logged'); });
  server.registerTool('test_tool_with_progress', { description: 'Reports progress' }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined) await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      await wait(50);
    }
    return say(String(progressToken));
  });
}

// On the stream of the call itself: the standalone one may not be open yet, and what is sent to it then is lost.
const answerOn = (ctx) => ({ relatedRequestId: ctx.mcpReq.id });

// 2025: the server asks the client while the call runs.
function askingTools(server) {
  server.registerTool('test_sampling', { description: 'Asks the client for a sample', inputSchema: z.object({ prompt: z.string() }) }, async ({ prompt }, ctx) => {
    const got = await ctx.mcpReq.requestSampling({ messages: [{ role: 'user', content: { type: 'text', text: prompt } }], maxTokens: 100 }, answerOn(ctx));
    return say('LLM response: ' + got.content.text);
  });
  const elicit = async (ctx, message, properties, required) => {
    const got = await ctx.mcpReq.elicitInput({ message, requestedSchema: { type: 'object', properties, required } }, answerOn(ctx));
    return say(`Elicitation completed: action=${got.action}, content=${JSON.stringify(got.content ?? {})}`);
  };
  server.registerTool('test_elicitation', { description: 'Asks the user', inputSchema: z.object({ message: z.string() }) }, ({ message }, ctx) =>
    elicit(ctx, message, { username: { type: 'string', description: "User's response" }, email: { type: 'string', description: "User's email address" } }, ['username', 'email']));
  server.registerTool('test_elicitation_sep1034_defaults', { description: 'Asks with defaults' }, (ctx) => elicit(ctx, 'Please review', {
    name: { type: 'string', default: 'John Doe' }, age: { type: 'integer', default: 30 }, score: { type: 'number', default: 95.5 },
    status: { type: 'string', enum: ['active', 'inactive', 'pending'], default: 'active' }, verified: { type: 'boolean', default: true },
  }, []));
  const titled = (prefix, words) => words.map((title, i) => ({ const: prefix + (i + 1), title }));
  const options = ['option1', 'option2', 'option3'];
  server.registerTool('test_elicitation_sep1330_enums', { description: 'Asks with every kind of choice' }, (ctx) => elicit(ctx, 'Please choose', {
    untitledSingle: { type: 'string', enum: options },
    titledSingle: { type: 'string', oneOf: titled('value', ['First Option', 'Second Option', 'Third Option']) },
    legacyEnum: { type: 'string', enum: ['opt1', 'opt2', 'opt3'], enumNames: ['Option One', 'Option Two', 'Option Three'] },
    untitledMulti: { type: 'array', items: { type: 'string', enum: options } },
    titledMulti: { type: 'array', items: { anyOf: titled('value', ['First Choice', 'Second Choice', 'Third Choice']) } },
  }, []));
}

// 2026: the call ends by naming what it needs, and is sent again with the answers.
function roundTools(server) {
  const name = { name: { type: 'string' } };
  const tool = (suffix, run) => server.registerTool('test_input_required_result_' + suffix, { description: 'Needs input: ' + suffix }, run);
  tool('elicitation', (ctx) => (accepted(ctx, 'user_name', 'name')
    ? say(`Hello, ${accepted(ctx, 'user_name', 'name')}!`) : inputRequired({ inputRequests: { user_name: ask('What is your name?', name) } })));
  tool('sampling', (ctx) => (answer(ctx, 'capital_question')
    ? say(JSON.stringify(answer(ctx, 'capital_question').content)) : inputRequired({ inputRequests: { capital_question: sample('What is the capital of France?', 100) } })));
  tool('list_roots', (ctx) => (answer(ctx, 'client_roots')
    ? say('roots: ' + JSON.stringify(answer(ctx, 'client_roots').roots)) : inputRequired({ inputRequests: { client_roots: inputRequired.listRoots() } })));
  const confirmed = async (ctx) => (ctx.mcpReq.requestState() && answer(ctx, 'confirm') ? say('state-ok')
    : inputRequired({ inputRequests: { confirm: ask('Please confirm', { ok: { type: 'boolean' } }) }, requestState: await codec.mint({ step: 1 }, ctx) }));
  tool('request_state', confirmed);
  tool('tampered_state', confirmed);
  tool('multiple_inputs', async (ctx) => (['user_name', 'greeting', 'client_roots'].every((k) => answer(ctx, k)) ? say('all answered')
    : inputRequired({ inputRequests: { user_name: ask('What is your name?', name), greeting: sample('Generate a greeting', 50), client_roots: inputRequired.listRoots() },
      requestState: await codec.mint({ step: 1 }, ctx) })));
  tool('multi_round', async (ctx) => {
    const step = ctx.mcpReq.requestState()?.step ?? 0;
    if (step === 2 && answer(ctx, 'step2')) return say('done');
    if (step === 1 && answer(ctx, 'step1'))
      return inputRequired({ inputRequests: { step2: ask('Step 2: What is your favorite color?', { color: { type: 'string' } }) }, requestState: await codec.mint({ step: 2 }, ctx) });
    return inputRequired({ inputRequests: { step1: ask('Step 1: What is your name?', name) }, requestState: await codec.mint({ step: 1 }, ctx) });
  });
  tool('capabilities', (ctx) => {
    const inputRequests = {};
    if (able(ctx).elicitation) inputRequests.user_name = ask('What is your name?', name);
    if (able(ctx).sampling) inputRequests.greeting = sample('Generate a greeting', 50);
    return Object.keys(inputRequests).length && !ctx.mcpReq.inputResponses ? inputRequired({ inputRequests }) : say('nothing to ask');
  });
  server.registerTool('test_streaming_elicitation', { description: 'Needs input' }, (ctx) => (answer(ctx, 'user_name')
    ? say('ok') : inputRequired({ inputRequests: { user_name: ask('What is your name?', name) } })));
  // The SDK itself refuses to send what the client has not declared.
  server.registerTool('test_missing_capability', { description: 'Needs sampling' }, (ctx) => (answer(ctx, 'sample')
    ? say('ok') : inputRequired({ inputRequests: { sample: sample('Hello', 10) } })));
}

function changeTools(server) {
  server.registerTool('test_trigger_tool_change', { description: 'Says that tools changed' }, () => { bus.publish({ kind: 'tools_list_changed' }); return say('ok'); });
  server.registerTool('test_trigger_prompt_change', { description: 'Says that prompts changed' }, () => { bus.publish({ kind: 'prompts_list_changed' }); return say('ok'); });
}

function resources(server) {
  const one = (uri, mimeType, rest) => ({ contents: [{ uri, mimeType, ...rest }] });
  const fixed = (name, mimeType, rest) => server.registerResource(name, 'test://' + name, { description: name, mimeType }, () => one('test://' + name, mimeType, rest));
  fixed('static-text', 'text/plain', { text: 'This is the content of the static text resource.' });
  fixed('static-binary', 'image/png', { blob: PNG });
  fixed('watched-resource', 'text/plain', { text: 'Watched' });
  server.registerResource('template', new ResourceTemplate('test://template/{id}/data', { list: undefined }), { description: 'By id', mimeType: 'application/json' },
    (uri, { id }) => one(uri.href, 'application/json', { text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }) }));
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
}

function prompts(server) {
  const user = (content) => ({ role: 'user', content });
  const text = (words) => user({ type: 'text', text: words });
  server.registerPrompt('test_simple_prompt', { description: 'Simple' }, () => ({ messages: [text('This is a simple prompt for testing.')] }));
  const word = (about) => completable(z.string().describe(about), (start) => ['paris', 'park', 'party'].filter((w) => w.startsWith(start)));
  server.registerPrompt('test_prompt_with_arguments', { description: 'With arguments', argsSchema: z.object({ arg1: word('First'), arg2: word('Second') }) },
    ({ arg1, arg2 }) => ({ messages: [text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)] }));
  server.registerPrompt('test_prompt_with_embedded_resource', { description: 'With a resource', argsSchema: z.object({ resourceUri: z.string() }) }, ({ resourceUri }) => ({
    messages: [user({ type: 'resource', resource: { uri: resourceUri, mimeType: 'text/plain', text: 'Embedded resource content for testing.' } }),
      text('Please process the embedded resource above.')],
  }));
  server.registerPrompt('test_prompt_with_image', { description: 'With an image' }, () =>
    ({ messages: [user({ type: 'image', data: PNG, mimeType: 'image/png' }), text('Please analyze the image above.')] }));
  server.registerPrompt('test_input_required_result_prompt', { description: 'Needs input' }, (ctx) => (accepted(ctx, 'user_context', 'context')
    ? { messages: [text('Context: ' + accepted(ctx, 'user_context', 'context'))] }
    : inputRequired({ inputRequests: { user_context: ask('What context should the prompt use?', { context: { type: 'string' } }) } })));
}

function build() {
  const server = new McpServer({ name: 'conformance-fixture', version: '1.0.0' }, {
    capabilities: { logging: {}, completions: {}, tools: { listChanged: true }, prompts: { listChanged: true }, resources: { subscribe: true } },
    requestState: { verify: codec.verify },
  });
  for (const part of [contentTools, slowTools, askingTools, roundTools, changeTools, resources, prompts]) part(server);
  return server;
}

const modern = toNodeHandler(createMcpHandler(build, { legacy: 'reject', bus }));
const sessions = new Map();

async function legacy(req, res, body) {
  let transport = sessions.get(req.headers['mcp-session-id']);
  if (!transport) {
    if (req.headers['mcp-session-id']) { res.writeHead(404).end(); return; }
    transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => sessions.set(id, transport),
      onsessionclosed: (id) => sessions.delete(id),
    });
    await build().connect(transport);
  }
  await transport.handleRequest(req, res, body);
}

async function bodyOf(req) {
  const parts = [];
  for await (const part of req) parts.push(part);
  const text = Buffer.concat(parts).toString();
  try { return text ? JSON.parse(text) : undefined; } catch { return undefined; }
}

const hostOk = localhostHostValidation(), originOk = localhostOriginValidation();
createServer(async (req, res) => {
  if (!hostOk(req, res) || !originOk(req, res)) return;
  const body = req.method === 'POST' ? await bodyOf(req) : undefined;
  const old = await isLegacyRequest(await toWebRequest(req, body), body);
  await (old ? legacy : modern)(req, res, body);
}).on('error', (error) => { console.error(error); process.exit(1); }).listen(Number(process.argv[2]), '127.0.0.1');
