/** Every command through every transport: the same result, the same internal code, the same broadcasts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { COMMANDS, COMMAND_NAMES } from '../../src/contracts/commands.ts';
import type { CommandName } from '../../src/contracts/commands.ts';
import { BROADCASTS_OF } from '../../src/commands/contract-table.ts';
import { MODEL_WORDS, ROUTER_WORDS } from '../../src/projections/dialects.ts';
import { memoryId } from '../support/memory-channels.ts';
import { startTestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';

type Fields = Record<string, unknown>;
interface Case {
  payload: Fields;
  /** Brings the server into the state the command needs. */
  before?: [CommandName, Fields][];
  /** A room that the caller has to be in. */
  room?: string;
}

const loaded: [CommandName, Fields][] = [['models:load', { modelName: 'alpha.gguf' }]];
const started: [CommandName, Fields][] = [['downloads:start', { source: 'hf:owner/repo' }]];
const drawn: [CommandName, Fields][] = [['media:generate', { tool: 'draw', prompt: 'a tree' }]];
const DRAW = { name: 'draw', title: 'Draw', commands: ['draw'], output: 'png', args: ['{output}'] };
const running: [CommandName, Fields][] = [['runs:start', { prompt: 'Say hello.' }]];
const asked: [CommandName, Fields][] = [
  ['approvals:request', { title: 'Send the mail', session: 'mail', rule: 'send' }],
];
const begun: [CommandName, Fields][] = [['sessions:start', { prompt: 'Buy milk.', startUrl: 'https://shop.example' }]];
const inHand: [CommandName, Fields][] = [...begun, ['sessions:take-over', { id: 'session-1' }]];
const CHANNEL = 'aaaaaaaa-0000-4000-8000-000000000001';
const made: [CommandName, Fields][] = [['channels:create', { channelId: CHANNEL, name: 'one' }]];
const said: [CommandName, Fields][] = [
  ...made,
  ['channels:send', { channelId: CHANNEL, entityId: 'ana', text: 'Hello', messageId: 'own' }],
];
const deleted: [CommandName, Fields][] = [
  ...said,
  ['channels:delete-message', { channelId: CHANNEL, messageId: memoryId(1) }],
];
const helper: [CommandName, Fields][] = [['agents:save', { agent: { name: 'Helper' } }]];
const FILES: Fields = { name: 'files', server: { command: 'files-server' } };
const serving: [CommandName, Fields][] = [['mcp:save', FILES]];
const CASES: { [N in CommandName]: Case } = {
  'models:list': { payload: {} },
  'models:get': { payload: { modelId: 'alpha' } },
  'models:scan': { payload: {} },
  'models:load': { payload: { modelName: 'alpha.gguf' } },
  'models:unload': { payload: { modelName: 'alpha.gguf' }, before: loaded },
  'models:start': { payload: { modelId: 'alpha' } },
  'models:stop': { payload: { modelId: 'alpha' }, before: loaded },
  'models:create': { payload: { model: { name: 'fresh', id: 'fresh' } } },
  'models:update': { payload: { modelId: 'alpha', updates: { pinned: true, ctx_size: 1024 } } },
  'models:preview': {
    payload: { modelId: 'alpha', updates: { parameters: { 'ctx-size': 1024 } } },
    before: loaded,
  },
  'models:effective': { payload: { modelId: 'alpha' } },
  'models:delete': { payload: { modelId: 'alpha' } },
  'router:status': { payload: {} },
  'router:start': { payload: {}, before: [['llama:stop', {}]] },
  'router:stop': { payload: {} },
  'router:restart': { payload: {} },
  'router:start-with-preset': { payload: { presetName: 'default' } },
  'llama:status': { payload: {} },
  'llama:start': { payload: {}, before: [['llama:stop', {}]] },
  'llama:stop': { payload: {} },
  'llama:rescan': { payload: {} },
  'presets:list': { payload: {} },
  'presets:get': { payload: { name: 'default' } },
  'presets:save': { payload: { name: 'mine', ini: '[*]\nctx-size = 512\n' } },
  'presets:preview': { payload: { name: 'mine', ini: '[*]\nctx-size = 512\n' } },
  'presets:delete': { payload: { name: 'mine' }, before: [['presets:save', { name: 'mine', ini: '' }]] },
  'keys:create': { payload: { name: 'ana', scopes: ['observe'] } },
  'keys:list': { payload: {} },
  'keys:revoke': { payload: { id: 'ana' }, before: [['keys:create', { name: 'ana' }]] },
  'tokens:create': { payload: { userId: 'ana', scopes: ['observe'] } },
  'project:update': { payload: { room: 'plan', step: 3 }, room: 'plan' },
  'notifications:send': { payload: { title: 'Tea', message: 'It is ready.' } },
  'notifications:list': { payload: {}, before: [['notifications:send', { title: 'Tea', message: 'It is ready.' }]] },
  'notifications:read': {
    payload: { all: true },
    before: [['notifications:send', { title: 'Tea', message: 'It is ready.' }]],
  },
  'notifications:webhook': { payload: {} },
  'config:get': { payload: {} },
  'config:update': { payload: { config: { modelsMax: 7 } } },
  'config:preview': { payload: { config: { modelsMax: 7 } } },
  'config:effective': { payload: {} },
  'config:problems': { payload: {} },
  'settings:get': { payload: {} },
  'settings:update': { payload: { settings: { compactMode: true } } },
  'import:llama-swap': { payload: { yaml: 'models: {}\n', dryRun: true } },
  'logs:get': { payload: { limit: 5 } },
  'logs:clear': { payload: {} },
  'metrics:get': { payload: {} },
  'metrics:history': { payload: {} },
  'metrics:subscribe': { payload: { interval: 60_000 } },
  'metrics:unsubscribe': { payload: {} },
  'metrics:text': { payload: {} },
  'activity:list': { payload: { limit: 5 } },
  'activity:summary': { payload: { hours: 1 } },
  'activity:capture': { payload: { id: 'r0' } },
  'activity:subscribe': { payload: {} },
  'activity:unsubscribe': { payload: {} },
  'requests:list': { payload: {} },
  'requests:cancel': { payload: { id: 'q1' } },
  'timeline:get': { payload: { hours: 1 } },
  'live:subscribe': { payload: {} },
  'live:unsubscribe': { payload: {} },
  'engine:status': { payload: {} },
  'engine:install': { payload: {} },
  'engine:use': { payload: { path: '/opt/llama-server' } },
  'inspector:actors': { payload: {} },
  'inspector:machines': { payload: {} },
  'inspector:subscribe': { payload: {} },
  'inspector:unsubscribe': { payload: {} },
  'placement:explain': { payload: { modelId: 'alpha' } },
  'decisions:list': { payload: {} },
  'downloads:start': { payload: { source: 'hf:owner/repo', quant: 'Q8_0' } },
  'downloads:list': { payload: {}, before: started },
  'downloads:options': { payload: { source: 'hf:owner/repo' } },
  'downloads:cancel': { payload: { id: 'download-1' }, before: started },
  'downloads:retry': {
    payload: { id: 'download-1' },
    before: [...started, ['downloads:cancel', { id: 'download-1' }]],
  },
  'downloads:remove': { payload: { id: 'download-1' }, before: started },
  'media:generate': { payload: { tool: 'draw', prompt: 'a tree' } },
  'media:list': { payload: {}, before: drawn },
  'media:get': { payload: { mediaId: 'media-1' }, before: drawn },
  'media:cancel': { payload: { mediaId: 'media-1' }, before: drawn },
  'media:remove': { payload: { mediaId: 'media-1' }, before: drawn },
  'media:restore': { payload: { mediaId: 'media-1' }, before: [...drawn, ['media:remove', { mediaId: 'media-1' }]] },
  'media:tools': { payload: {} },
  'media:save-tool': { payload: { tool: DRAW } },
  'media:delete-tool': { payload: { name: 'draw' } },
  'media:ticket': { payload: {} },
  'media:subscribe': { payload: { mediaId: 'media-1' }, before: drawn },
  'media:unsubscribe': { payload: { mediaId: 'media-1' }, before: drawn },
  'runs:start': { payload: { prompt: 'Say hello.' } },
  'runs:list': { payload: {}, before: running },
  'runs:get': { payload: { id: 'run-1' }, before: running },
  'runs:output': { payload: { id: 'run-1' }, before: running },
  'runs:follow': { payload: { id: 'run-1' }, before: running },
  'runs:unfollow': { payload: { id: 'run-1' }, before: running },
  'runs:cancel': { payload: { id: 'run-1' }, before: running },
  'runs:remove': { payload: { id: 'run-1' }, before: [...running, ['runs:cancel', { id: 'run-1' }]] },
  'runs:tools': { payload: {} },
  'sessions:start': { payload: { prompt: 'Buy milk.' } },
  'sessions:list': { payload: {}, before: begun },
  'sessions:get': { payload: { id: 'session-1' }, before: begun },
  'sessions:transcript': { payload: { id: 'session-1' }, before: begun },
  'sessions:continue': { payload: { id: 'session-1', prompt: 'And bread.' }, before: begun },
  'sessions:pause': { payload: { id: 'session-1' }, before: begun },
  'sessions:cancel': { payload: { id: 'session-1' }, before: begun },
  'sessions:update': { payload: { id: 'session-1', title: 'Milk', maxSteps: 7 }, before: begun },
  'sessions:remove': { payload: { id: 'session-1' }, before: begun },
  'sessions:attach': { payload: { id: 'session-1', fileIds: ['file-1'] }, before: begun },
  'sessions:files': { payload: {} },
  'sessions:screenshot': { payload: { id: 'session-1' }, before: begun },
  'sessions:take-over': { payload: { id: 'session-1' }, before: begun },
  'sessions:give-back': { payload: { id: 'session-1', note: 'I logged in.' }, before: inHand },
  'sessions:input': { payload: { id: 'session-1', input: { kind: 'back' } }, before: inHand },
  'sessions:watch': { payload: { id: 'session-1' }, before: begun },
  'sessions:unwatch': { payload: { id: 'session-1' }, before: begun },
  'approvals:request': { payload: { title: 'Send the mail', reason: 'It is due.' } },
  'approvals:list': { payload: {}, before: asked },
  'approvals:wait': { payload: { id: 'approval-1', waitMs: 0 }, before: asked },
  'approvals:approve': { payload: { id: 'approval-1' }, before: asked },
  'approvals:reject': { payload: { id: 'approval-1', reason: 'Not today.' }, before: asked },
  'approvals:cancel': { payload: { id: 'approval-1' }, before: asked },
  'approvals:revoke': {
    payload: { id: 'approval-1' },
    before: [...asked, ['approvals:approve', { id: 'approval-1', answer: 'always' }]],
  },
  'audit:list': { payload: {}, before: asked },
  'system:info': { payload: {} },
  'system:health': { payload: {} },
  'logs:subscribe': { payload: { history: 5 } },
  'logs:unsubscribe': { payload: {} },
  'channels:list': { payload: {}, before: said },
  'channels:subscribe': { payload: {}, before: said },
  'channels:unsubscribe': { payload: {} },
  'channels:get': { payload: { channelId: CHANNEL }, before: made },
  'channels:create': { payload: { channelId: CHANNEL, type: 'DM', agents: ['Helper'] }, before: helper },
  'channels:join': { payload: { channelId: CHANNEL, entityId: 'ana', entityName: 'Ana' }, before: said },
  'channels:leave': { payload: { channelId: CHANNEL }, before: made },
  'channels:messages': { payload: { channelId: CHANNEL, text: 'hell' }, before: said },
  'channels:send': { payload: { channelId: CHANNEL, entityId: 'ana', text: 'Hello' }, before: made },
  'channels:typing': { payload: { channelId: CHANNEL, entityId: 'ana' }, before: made },
  'channels:delete-message': { payload: { channelId: CHANNEL, messageId: memoryId(1) }, before: said },
  'channels:restore-message': { payload: { channelId: CHANNEL, messageId: memoryId(1) }, before: deleted },
  'channels:clear': { payload: { channelId: CHANNEL }, before: said },
  'channels:update': { payload: { channelId: CHANNEL, updates: { name: 'two', topic: 'Tests' } }, before: made },
  'channels:delete': { payload: { channelId: CHANNEL }, before: said },
  'channels:restore': {
    payload: { channelId: CHANNEL },
    before: [...said, ['channels:delete', { channelId: CHANNEL }]],
  },
  'channels:cancel': { payload: { channelId: CHANNEL }, before: made },
  'channels:complete': { payload: { channelId: CHANNEL }, before: made },
  'agents:list': { payload: {}, before: helper },
  'agents:get': { payload: { agentId: 'helper' }, before: helper },
  'agents:save': {
    payload: { agentId: 'Helper', agent: { name: 'Other', systemPrompt: 'Be brief.' } },
    before: helper,
  },
  'agents:delete': { payload: { agentId: 'Helper' }, before: helper },
  'mcp:list': { payload: {}, before: serving },
  'mcp:save': { payload: FILES },
  'mcp:remove': { payload: { server: 'files' }, before: serving },
  'mcp:import': { payload: { json: '{"mcpServers": {"files": {"command": "files-server"}}}' } },
  'mcp:start': { payload: { server: 'files' }, before: serving },
  'mcp:stop': { payload: { server: 'files' }, before: [...serving, ['mcp:start', { server: 'files' }]] },
  'mcp:restart': { payload: { server: 'files' }, before: serving },
  'mcp:tools': { payload: {}, before: [...serving, ['mcp:start', { server: 'files' }]] },
  'mcp:call': { payload: { server: 'files', tool: 'echo', arguments: { text: 'x' } }, before: serving },
};

/** Payloads that must be refused with this code over every transport. */
const REFUSED: [CommandName, unknown, string][] = [
  ['models:get', {}, 'INVALID_PAYLOAD'],
  ['models:get', { modelId: 'nobody' }, 'NOT_FOUND'],
  ['models:load', { modelName: 'broken.gguf' }, 'UPSTREAM_FAILED'],
  ['models:load', 'alpha.gguf', 'INVALID_PAYLOAD'],
  ['models:create', { model: { name: 'alpha.gguf', id: 'alpha' } }, 'INVALID_STATE'],
  ['models:scan', { path: '/nowhere' }, 'INVALID_PAYLOAD'],
  ['router:restart', { signal: 'SIGHUP' }, 'INVALID_PAYLOAD'],
  ['router:start-with-preset', { presetName: 'none' }, 'NOT_FOUND'],
  ['presets:get', { name: 'none' }, 'NOT_FOUND'],
  ['presets:delete', { name: 'none' }, 'NOT_FOUND'],
  ['keys:create', { name: '' }, 'INVALID_PAYLOAD'],
  ['keys:create', { name: 'x', scopes: ['root'] }, 'INVALID_PAYLOAD'],
  ['keys:create', { name: 'x', scopes: ['operate'], models: ['alpha'] }, 'INVALID_PAYLOAD'],
  ['keys:revoke', { id: 'nobody' }, 'NOT_FOUND'],
  ['mcp:save', { name: '../x', server: { command: 'x' } }, 'INVALID_PAYLOAD'],
  ['mcp:save', { name: 'x', server: {} }, 'INVALID_PAYLOAD'],
  ['mcp:save', { name: 'x', server: { url: 'file:///etc/passwd' } }, 'INVALID_PAYLOAD'],
  ['mcp:import', { json: 'nothing' }, 'INVALID_PAYLOAD'],
  ['mcp:remove', { server: 'none' }, 'NOT_FOUND'],
  ['mcp:start', { server: 'none' }, 'NOT_FOUND'],
  ['mcp:tools', { server: 'none' }, 'NOT_FOUND'],
  ['mcp:call', { server: 'none', tool: 'x' }, 'NOT_FOUND'],
  ['approvals:request', { title: '' }, 'INVALID_PAYLOAD'],
  ['approvals:request', { title: 'x', rule: 'without a session' }, 'INVALID_PAYLOAD'],
  ['approvals:request', { title: 'x', timeoutMs: 1 }, 'INVALID_PAYLOAD'],
  ['approvals:approve', { id: 'nothing' }, 'NOT_FOUND'],
  ['approvals:revoke', { id: 'nothing' }, 'NOT_FOUND'],
  ['audit:list', { before: 'nothing' }, 'NOT_FOUND'],
  ['tokens:create', { userId: '' }, 'INVALID_PAYLOAD'],
  ['tokens:create', { userId: 'ana', expiresAt: 1 }, 'INVALID_PAYLOAD'],
  ['notifications:send', { title: '', message: 'x' }, 'INVALID_PAYLOAD'],
  ['notifications:send', { title: 'x', message: 'x', type: 'loud' }, 'INVALID_PAYLOAD'],
  ['notifications:send', { title: 'x', message: 'x', data: { big: 'x'.repeat(10_000) } }, 'INVALID_PAYLOAD'],
  ['notifications:list', { before: 'gone' }, 'NOT_FOUND'],
  ['notifications:read', {}, 'INVALID_PAYLOAD'],
  ['notifications:read', { id: 'a', all: true }, 'INVALID_PAYLOAD'],
  ['notifications:read', { id: 'gone' }, 'NOT_FOUND'],
  ['config:update', { config: { webhookUrl: 'ftp://example.org' } }, 'INVALID_PAYLOAD'],
  ['config:update', { config: { requireKeys: true } }, 'INVALID_STATE'],
  ['config:update', { config: { nope: 1 } }, 'INVALID_PAYLOAD'],
  ['config:update', { config: JSON.parse('{"__proto__": {"x": 1}}') as unknown }, 'INVALID_PAYLOAD'],
  ['config:preview', { config: { nope: 1 } }, 'INVALID_PAYLOAD'],
  ['config:update', { config: { modelsMax: 3 }, apply: 'sometime' }, 'INVALID_PAYLOAD'],
  ['models:preview', { modelId: 'nobody', updates: {} }, 'NOT_FOUND'],
  ['models:effective', { modelId: 'nobody' }, 'NOT_FOUND'],
  ['settings:update', { settings: { theme: 'no' } }, 'INVALID_PAYLOAD'],
  ['import:llama-swap', { yaml: 'nothing' }, 'INVALID_PAYLOAD'],
  ['logs:get', { limit: 1e9 }, 'INVALID_PAYLOAD'],
  ['activity:list', { before: 'gone' }, 'NOT_FOUND'],
  ['activity:list', { status: 'fine' }, 'INVALID_PAYLOAD'],
  ['activity:summary', { hours: 169 }, 'INVALID_PAYLOAD'],
  ['activity:capture', { id: 'gone' }, 'NOT_FOUND'],
  ['requests:cancel', { id: 'gone' }, 'NOT_FOUND'],
  ['requests:cancel', {}, 'INVALID_PAYLOAD'],
  ['timeline:get', { hours: 0 }, 'INVALID_PAYLOAD'],
  ['metrics:history', { hours: -1 }, 'INVALID_PAYLOAD'],
  ['downloads:start', {}, 'INVALID_PAYLOAD'],
  ['downloads:start', { source: 'nonsense' }, 'INVALID_PAYLOAD'],
  ['downloads:cancel', { id: 'none' }, 'NOT_FOUND'],
  ['media:generate', { tool: 'none' }, 'NOT_FOUND'],
  ['media:generate', { tool: '../draw' }, 'INVALID_PAYLOAD'],
  ['media:generate', { tool: 'draw', prompt: 'x', input: 'none' }, 'NOT_FOUND'],
  ['media:get', { mediaId: 'none' }, 'NOT_FOUND'],
  ['media:get', { mediaId: '' }, 'INVALID_PAYLOAD'],
  ['media:cancel', {}, 'INVALID_PAYLOAD'],
  ['media:save-tool', { tool: { ...DRAW, args: ['{nothing}'] } }, 'INVALID_PAYLOAD'],
  ['media:delete-tool', { name: 'none' }, 'NOT_FOUND'],
  ['runs:start', {}, 'INVALID_PAYLOAD'],
  ['runs:start', { prompt: '  ' }, 'INVALID_PAYLOAD'],
  ['runs:start', { prompt: 'x', room: 'user:ana' }, 'INVALID_PAYLOAD'],
  ['runs:start', { prompt: 'x', tool: 'none' }, 'NOT_FOUND'],
  ['runs:get', { id: 'none' }, 'NOT_FOUND'],
  ['runs:output', { id: 'none' }, 'NOT_FOUND'],
  ['runs:cancel', { id: 'none' }, 'NOT_FOUND'],
  ['runs:remove', { id: 'none' }, 'NOT_FOUND'],
  ['sessions:start', {}, 'INVALID_PAYLOAD'],
  ['sessions:start', { prompt: '  ' }, 'INVALID_PAYLOAD'],
  ['sessions:start', { prompt: 'x', startUrl: 'file:///etc/passwd' }, 'INVALID_PAYLOAD'],
  ['sessions:start', { prompt: 'x', fileIds: ['none'] }, 'NOT_FOUND'],
  ['sessions:get', { id: 'none' }, 'NOT_FOUND'],
  ['sessions:transcript', { id: '../etc' }, 'NOT_FOUND'],
  ['sessions:continue', { id: 'none' }, 'NOT_FOUND'],
  ['sessions:cancel', { id: 'none' }, 'NOT_FOUND'],
  ['sessions:input', { id: 'none', input: { kind: 'shout' } }, 'INVALID_PAYLOAD'],
  ['sessions:attach', { id: 'none', fileIds: 'one' }, 'INVALID_PAYLOAD'],
  ['config:update', { config: { 'sessions.rules': ['everything=allow'] } }, 'INVALID_PAYLOAD'],
  ['channels:get', { channelId: 'nowhere' }, 'NOT_FOUND'],
  ['channels:send', { channelId: 'nowhere', entityId: 'ana', text: 'Hello' }, 'INVALID_PAYLOAD'],
  ['channels:send', { channelId: CHANNEL, entityId: 'ana', text: '' }, 'INVALID_PAYLOAD'],
  ['channels:messages', { channelId: CHANNEL }, 'NOT_FOUND'],
  ['channels:create', { agents: ['nobody'] }, 'NOT_FOUND'],
  ['channels:update', { channelId: CHANNEL, updates: {} }, 'INVALID_PAYLOAD'],
  ['channels:restore', { channelId: CHANNEL }, 'NOT_FOUND'],
  ['agents:save', { agent: { name: '@me' } }, 'INVALID_PAYLOAD'],
  ['agents:get', { agentId: 'nobody' }, 'NOT_FOUND'],
];

const STYLES = ['a', 'b', 'http'] as const;
type Style = (typeof STYLES)[number];

interface Answer {
  ok: boolean;
  data: unknown;
  code: string | null;
}

/** Values of the moment, and the words in which the dialects are meant to differ. */
const MOVING = new Set([
  'endedAt',
  'timestamp',
  'serverTime',
  'uptime',
  'startedAt',
  'loadedAt',
  'updated_at',
  'created_at',
  'seq',
  'pid',
  'createdAt',
  'timeoutAt',
  'decidedAt',
  'grantedAt',
  'at',
  'updatedAt',
  // Random for each key.
  'secret',
  'hint',
  'token',
]);
const isShape = (key: string): boolean => !MOVING.has(key) && key !== 'status';
const normalised = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(normalised);
  if (typeof value === 'string')
    return value.replace(/^fence \d+$/, 'fence').replace(/^[0-9a-f]{8}(-[0-9a-f]{4,12}){4}$/, 'uuid');
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => isShape(key));
  return Object.fromEntries(entries.map(([key, inner]) => [key, normalised(inner)]).sort());
};

describe('parity of the transports', () => {
  let server: Awaited<ReturnType<typeof startTestServer>>;
  let caller: Awaited<ReturnType<typeof connectClient>>;
  let witness: Awaited<ReturnType<typeof connectClient>>;

  const start = async (): Promise<void> => {
    server = await startTestServer();
    server.services.control.sessions.addFile('shared');
    caller = await connectClient(server.url);
    witness = await connectClient(server.url, { path: '/llamaproxws' });
  };
  const stop = async (): Promise<void> => {
    caller.close();
    witness.close();
    await server.close();
  };
  beforeEach(start);
  afterEach(stop);

  const call = async (style: Style, command: CommandName, payload: unknown): Promise<Answer> => {
    if (style === 'a') {
      const reply = await caller.ack(command, payload);
      return reply.success
        ? { ok: true, data: reply.data, code: null }
        : { ok: false, data: null, code: 'code' in reply ? reply.code : null };
    }
    if (style === 'b') {
      const reply = await caller.request(command, payload);
      return { ok: reply.success, data: reply.data, code: reply.error?.reason ?? null };
    }
    const response = await fetch(`${server.url}/api/commands/${command}`, {
      method: 'POST',
      body: JSON.stringify(payload),
    });
    const body = (await response.json()) as { success: boolean; data: unknown; error: { code: string } | null };
    expect(response.ok).toBe(body.success);
    return { ok: body.success, data: body.data, code: body.error?.code ?? null };
  };

  /** The parts of an acknowledgement that have a shape of their own, brought back to the common one. */
  const common = (style: Style, command: CommandName, data: unknown): unknown => {
    if (style === 'a') {
      if (command === 'models:list') return { models: data };
      if (command === 'config:get') return { config: data };
      if (command === 'logs:get') return { logs: data };
      if (command === 'logs:clear' || command === 'models:delete') return null;
    }
    return command === 'logs:clear' || command === 'models:delete' ? null : data;
  };
  /** Aliases and the nested source exist in the dialects only. */
  const withoutExtras = (command: CommandName, data: unknown): unknown => {
    const copy = structuredClone(data) as Fields | null;
    if (command.startsWith('config:')) {
      const config = (copy?.['config'] ?? {}) as Fields;
      for (const alias of ['baseModelsPath', 'ctx_size', 'maxModelsLoaded', 'gpu_layers', 'batchSize'])
        delete config[alias];
    }
    if (command === 'logs:get') for (const entry of (copy?.['logs'] ?? []) as Fields[]) delete entry['context'];
    return copy;
  };

  /** Sessions go on after the answer until their model thinks. */
  const quiet = (): Promise<void> => expect.poll(() => server.services.control.sessions.isQuiet()).toBe(true);

  it.each(COMMAND_NAMES)('%s: same result and same broadcasts', async (command) => {
    const { payload, before = [], room } = CASES[command];
    const results: Record<string, unknown> = {};
    const heard: Record<string, string[]> = {};
    for (const style of STYLES) {
      if (room !== undefined) await caller.ack('joinRoom', room);
      for (const [name, data] of before) expect((await call('b', name, data)).ok).toBe(true);
      await quiet();
      await fence((message) => server.services.logs.write('info', 'server', message), [witness, caller]);
      witness.forget();
      const answer = await call(style, command, payload);
      await quiet();
      // Restarts go on after the answer.
      await expect.poll(() => server.services.router.view().state).toMatch(/^(loaded|unloaded)$/);
      await fence((message) => server.services.logs.write('info', 'server', message), [witness]);
      heard[style] = witness.received
        .map(({ event }) => event)
        .filter((event) => !/^(logs:entry|metrics:update|humanLayerRequest|sessionStatus)$/.test(event));
      if (style === 'http' && 'socketOnly' in COMMANDS[command]) {
        expect(answer).toMatchObject({ ok: false, code: 'INVALID_STATE' });
        continue;
      }
      expect(answer, style).toMatchObject({ ok: true, code: null });
      results[style] = normalised(withoutExtras(command, common(style, command, answer.data)));
      await stop();
      await start();
    }
    expect(results['b']).toEqual(results['a']);
    if ('http' in results) expect(results['http']).toEqual(results['a']);
    expect(heard['b']).toEqual(heard['a']);
    expect(heard['http']).toEqual(heard['a']);
    const allowed = new Set<string>(BROADCASTS_OF[command] ?? []);
    expect((heard['a'] ?? []).filter((event) => !allowed.has(event))).toEqual([]);
  });

  it.each(REFUSED)('%s with %j is refused with %s', async (command, payload, code) => {
    for (const style of STYLES) {
      const sent = style === 'b' && typeof payload !== 'object' ? { wrong: payload } : payload;
      expect(await call(style, command, sent), style).toMatchObject({ ok: false, code });
    }
  });

  it('an unexpected fault is INTERNAL with a reference, and never its message', async () => {
    for (const style of STYLES) {
      server.services.control.breakNext('info');
      expect(await call(style, 'system:info', {})).toMatchObject({ ok: false, code: 'INTERNAL' });
    }
    server.services.control.breakNext('info');
    const reply = await caller.ack('system:info');
    expect(reply.error).toMatch(/reference [0-9a-f]{8}/);
    expect(reply.error).not.toContain('secret');
    const reference = /reference ([0-9a-f]{8})/.exec(reply.error ?? '')?.[1];
    expect(server.services.logs.query({ limit: 5, offset: 0 })[0]?.message).toContain(reference);
  });

  it('the words of the dialects differ only where the table says so', () => {
    expect(MODEL_WORDS.a.stopping).toBe(MODEL_WORDS.a.loaded);
    expect(MODEL_WORDS.b.stopping).toBe(MODEL_WORDS.b.loaded);
    expect(ROUTER_WORDS.a).toEqual({
      unloaded: 'idle',
      loading: 'loading',
      loaded: 'ready',
      stopping: 'stopping',
      error: 'error',
    });
    expect(ROUTER_WORDS.b).toEqual({
      unloaded: 'idle',
      loading: 'starting',
      loaded: 'running',
      stopping: 'stopping',
      error: 'error',
    });
  });
});
