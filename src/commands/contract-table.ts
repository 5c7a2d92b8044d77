/** The contract table of `docs/contracts.md`, written from the registry so that it cannot drift from it. */
import { z } from 'zod';
import { COMMANDS, COMMAND_NAMES, failureCode } from '../contracts/commands.ts';
import { ERRORS } from '../contracts/errors.ts';
import type { CommandName } from '../contracts/commands.ts';
import type { BroadcastName, DirectEvents } from '../contracts/events.ts';
import type { ChannelEvents } from '../contracts/channels.ts';

const MODEL_STATE: BroadcastName[] = ['models:status', 'models:updated', 'router:status', 'llama:status'];
const ROUTER_STATE: BroadcastName[] = ['router:status', 'llama:status'];
const SCAN: BroadcastName[] = ['models:created', 'models:updated', 'models:deleted', 'models:scanned', 'models:list'];

const MEDIA: BroadcastName[] = ['media:updated'];
const DOWNLOAD: BroadcastName[] = ['downloads:updated'];
/** To the members of a channel, and to those who follow the list of channels. */
const SAID: (BroadcastName | keyof ChannelEvents)[] = ['messageBroadcast', 'messageComplete', 'channels:updated'];

/** What a successful call can cause. Tested against the real transports. */
const SESSION = ['sessions:updated', 'sessions:entry'] as const;

export const BROADCASTS_OF: {
  readonly [N in CommandName]?: readonly (BroadcastName | keyof DirectEvents)[];
} = {
  'models:scan': SCAN,
  'llama:rescan': SCAN,
  'models:load': [...MODEL_STATE, 'decisions:updated'],
  'models:start': [...MODEL_STATE, 'decisions:updated'],
  'models:unload': MODEL_STATE,
  'models:stop': MODEL_STATE,
  'models:create': ['models:created', 'models:updated'],
  'models:update': MODEL_STATE,
  'models:delete': ['models:deleted', ...MODEL_STATE],
  'router:start': ROUTER_STATE,
  'router:stop': [...ROUTER_STATE, 'models:status', 'models:updated'],
  'router:restart': [...ROUTER_STATE, 'models:status', 'models:updated'],
  'router:start-with-preset': [...ROUTER_STATE, 'models:status', 'models:updated'],
  'llama:start': ROUTER_STATE,
  'llama:stop': [...ROUTER_STATE, 'models:status', 'models:updated'],
  'presets:save': ['presets:updated', 'config:problems', ...MODEL_STATE],
  'presets:delete': ['presets:updated', 'config:problems', ...MODEL_STATE],
  'config:update': ['config:updated', 'config:problems', ...MODEL_STATE],
  'import:llama-swap': [
    'models:created',
    'models:deleted',
    'models:scanned',
    'models:list',
    'config:updated',
    ...MODEL_STATE,
  ],
  'settings:update': ['settings:updated'],
  'logs:clear': ['logs:cleared'],
  'metrics:subscribe': ['metrics:update'],
  'keys:create': ['keys:updated'],
  'keys:revoke': ['keys:updated'],
  'notifications:send': ['notification'],
  'notifications:read': ['notifications:updated'],
  'project:update': ['projectUpdate'],
  'activity:subscribe': ['activity:added'],
  'engine:install': ['engine:updated'],
  'engine:use': ['engine:updated'],
  'approvals:request': ['approvals:updated'],
  'approvals:approve': ['approvals:updated'],
  'approvals:reject': ['approvals:updated'],
  'approvals:cancel': ['approvals:updated'],
  'downloads:start': [...DOWNLOAD, ...SCAN],
  'downloads:cancel': DOWNLOAD,
  'downloads:retry': [...DOWNLOAD, ...SCAN],
  'downloads:remove': [...DOWNLOAD, 'downloads:removed'],
  'media:generate': MEDIA,
  'media:cancel': MEDIA,
  'media:remove': [...MEDIA, 'media:removed'],
  'media:restore': MEDIA,
  'media:save-tool': ['media:tools-updated'],
  'media:delete-tool': ['media:tools-updated'],
  'runs:start': ['runs:updated'],
  'runs:cancel': ['runs:updated'],
  'runs:remove': ['runs:removed'],
  'sessions:start': SESSION,
  'sessions:continue': SESSION,
  'sessions:pause': SESSION,
  'sessions:cancel': SESSION,
  'sessions:update': ['sessions:updated'],
  'sessions:remove': [...SESSION, 'sessions:removed'],
  'sessions:attach': SESSION,
  'sessions:take-over': SESSION,
  'sessions:give-back': SESSION,
  'sessions:watch': ['sessions:frame'],
  'channels:create': ['channels:updated'],
  'channels:join': ['channels:updated'],
  'channels:leave': ['channels:updated'],
  'channels:send': [...SAID, 'channelTurn', 'messageStreamChunk', 'controlMessage'],
  'channels:typing': ['channelTyping'],
  'channels:delete-message': ['messageDeleted', 'channels:updated'],
  'channels:restore-message': ['messageBroadcast', 'channels:updated'],
  'channels:clear': ['channelCleared', 'channels:updated'],
  'channels:update': ['channelUpdated', 'channels:updated'],
  'channels:delete': ['channelDeleted', 'channels:removed'],
  'channels:restore': ['channels:updated'],
  'channels:cancel': [...SAID, 'channelTurn'],
  'channels:complete': ['messageComplete'],
  'agents:save': ['agents:updated'],
  'agents:delete': ['agents:updated'],
  'mcp:save': ['mcp:updated'],
  'mcp:remove': ['mcp:updated'],
  'mcp:import': ['mcp:updated'],
  'mcp:start': ['mcp:updated'],
  'mcp:stop': ['mcp:updated'],
  'mcp:restart': ['mcp:updated'],
  'mcp:call': ['mcp:updated'],
};

/** What a socket may ask about its connection; answered by `src/sockets/connection-events.ts`. */
const CONNECTION = `## Connection, users and rooms

On connect the server sends \`welcome {message, socketId, serverTime}\`, \`connection:established\`, \`connection_established\`, and
then \`authenticated {userId, email?, authenticatedAt}\` or \`authError {message}\` if a token came as \`auth.token\`. The events below
are about the connection itself. They answer an acknowledgement function with \`{success, …}\` or \`{success: false, error}\`, and
send the event named last, with the same fields. Everything that is a user's goes to the room \`user:<id>\`, which the user's
sockets join by themselves. A token that ends while its socket is connected is told by \`authError\`.

| Event | Payload | Answer | Event sent |
|---|---|---|---|
| \`authenticate\` | \`{token}\`: a JSON Web Token (HS256, HS384, HS512) | \`{success, userId?, error?}\` | \`authenticated\` or \`authError\` |
| \`logout\` | – | \`{success}\` | \`loggedOut {message}\` |
| \`joinRoom\` | name; those of other users are refused | \`{success, room?, error?}\` | \`roomJoined {room, success}\` |
| \`leaveRoom\` | name | \`{success, room?, error?}\` | \`roomLeft {room, success}\` |
| \`getConnectionInfo\` | – | \`{socketId, connected, rooms, authenticated, userId?, connectedAt}\` | – |
| \`ping\` | – | \`{timestamp}\` | \`pong\` |
| \`heartbeat\` | \`{timestamp?}\` | \`{timestamp, serverTime, latency}\` | \`heartbeatAck\` |`;

interface Schema {
  type?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  anyOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  minimum?: number;
  maximum?: number;
}

const typeOf = (schema: Schema): string => {
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' \\| ');
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' \\| ');
  if (schema.type === 'array') return `${typeOf(schema.items ?? {})}[]`;
  if (schema.type === 'object') return fieldsOf(schema);
  if (schema.type !== 'integer' && schema.type !== 'number') return schema.type ?? 'any';
  const { minimum, maximum } = schema;
  const bounded = [minimum, maximum].every((bound) => bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER);
  return bounded ? `${schema.type} ${minimum}–${maximum}` : schema.type;
};

const fieldsOf = (schema: Schema): string => {
  const names = Object.keys(schema.properties ?? {});
  if (names.length === 0) {
    const { additionalProperties: rest } = schema;
    return typeof rest === 'object' ? `{[key]: ${typeOf(rest)}}` : '{}';
  }
  const fields = names.map((name) => {
    const field = schema.properties?.[name] ?? {};
    const optional = schema.required?.includes(name) === true ? '' : '?';
    const fallback = field.default === undefined ? '' : ` = ${JSON.stringify(field.default)}`;
    return `${name}${optional}: ${typeOf(field)}${fallback}`;
  });
  return `{${fields.join(', ')}}`;
};

const row = (name: CommandName): string => {
  const { payload, scope, summary, socketOnly } = COMMANDS[name];
  const shape = typeOf(z.toJSONSchema(payload, { io: 'input' }) as Schema);
  const broadcasts = (BROADCASTS_OF[name] ?? []).map((event) => `\`${event}\``).join(', ');
  const cells = [
    `\`${name}\``,
    `\`${shape}\``,
    `${scope}${socketOnly === true ? ', sockets only' : ''}`,
    `\`${name}:result\``,
    `\`${failureCode(name)}\``,
    broadcasts === '' ? '–' : broadcasts,
    summary,
  ];
  return `| ${cells.join(' | ')} |`;
};

const HEAD = `# Commands and broadcasts

This page is generated from the command registry; do not edit it. Every command answers in three ways:

- **Style A**, an acknowledgement function as the last argument: \`{success, data?, error?, timestamp}\`.
- **Style B**, an envelope \`{type: 'request', event, data, requestId}\` or flat fields: \`<event>:result\`, and
  \`<event>:response:<requestId>\` for flat fields with a \`requestId\`. Failures carry the code below, and as \`reason\` one of
  the codes of the last table.
- **HTTP**, \`POST /api/commands/<event>\` with the payload as the body: \`{success, data, error, timestamp}\`.

A broadcast caused by a style-A call is not sent to the calling socket; all others reach every
socket that may observe (\`keys:updated\`: that may administer).

## Commands

| Command | Payload | Scope | Result event | Failure code | Broadcasts | What it does |
|---|---|---|---|---|---|---|`;

/** The page as Markdown, ending in a line feed. Pure. */
export const contractTable = (): string => {
  const rows = COMMAND_NAMES.map(row);
  const errors = Object.entries(ERRORS).map(([code, { status, advice }]) => `| \`${code}\` | ${status} | ${advice} |`);
  return [
    HEAD,
    ...rows,
    '',
    CONNECTION,
    '',
    '## Error codes',
    '',
    '| Code | HTTP status | What to do |',
    '|---|---|---|',
    ...errors,
    '',
  ].join('\n');
};

/** The generated files by path, for `npm run generate`. */
export const generate = (): Promise<Record<string, string>> =>
  Promise.resolve({ 'docs/contracts.md': contractTable() });
