/**
 * Llamactor as a server of the Model Context Protocol: what an assistant may do with it. Every tool is a command of the
 * registry, called as whoever holds the key, so that its scopes decide.
 */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { LIFECYCLE_STATES, LOG_LEVELS } from '../contracts/views.ts';
import { answering } from './answers.ts';
import type { Call } from './call.ts';
import { load } from './load.ts';
import { decisionShape, explainShape, logShape, modelShape } from './shapes.ts';

const INSTRUCTIONS =
  'Llamactor supervises the language models of one machine. Look at `status` first. Before a load ask `explain_load`: it says ' +
  'whether the model fits and which others would have to leave. An error carries a code and says what to do.';

const model = z.string().trim().min(1).max(512).describe('id, file name or alias, as `list_models` shows them');
const READS = { readOnlyHint: true, openWorldHint: false } as const;

const status = async (call: Call): Promise<Record<string, unknown>> => {
  const [{ info }, health, { router }, { engine }, { models }] = await Promise.all([
    call('system:info', {}),
    call('system:health', {}),
    call('router:status', {}),
    call('engine:status', {}),
    call('models:list', {}),
  ]);
  const count = (state: string): number => models.filter((each) => each.state === state).length;
  return {
    version: info.version,
    health: health.status,
    problems: Object.entries(health.details).flatMap(([name, { ok, message }]) => (ok ? [] : [{ name, message }])),
    inference: { state: router.state, url: router.url === null ? null : `${router.url}/v1` },
    engine: { state: engine.state, version: engine.version, problem: engine.problem },
    models: {
      all: models.length,
      loaded: models.filter((each) => each.state === 'loaded').map(({ id }) => id),
      loading: count('loading'),
      failed: count('error'),
    },
  };
};

/** Entries at `level` and worse, oldest first; the log itself is asked for one exact level at a time. */
const readLogs = async (
  call: Call,
  {
    limit,
    level,
    source,
  }: { limit: number; level?: (typeof LOG_LEVELS)[number] | undefined; source?: string | undefined },
): Promise<Record<string, unknown>> => {
  const from = source === undefined ? {} : { source };
  const parts =
    level === undefined
      ? [await call('logs:get', { limit, ...from })]
      : await Promise.all(
          LOG_LEVELS.slice(LOG_LEVELS.indexOf(level)).map((each) => call('logs:get', { limit, level: each, ...from })),
        );
  const entries = parts
    .flatMap(({ logs }) => logs)
    .toSorted((a, b) => a.timestamp - b.timestamp || Number(a.id) - Number(b.id));
  return { entries: entries.slice(-limit).map(logShape) };
};

/** A server with all tools, not yet connected to a transport. `version` is the product's. */
export const createMcpServer = (call: Call, version: string): McpServer => {
  const server = new McpServer({ name: 'llamactor', title: 'Llamactor', version }, { instructions: INSTRUCTIONS });

  server.registerTool(
    'status',
    { title: 'Status', description: 'Health, the engine, and which models are in memory.', annotations: READS },
    () => answering(() => status(call)),
  );
  server.registerTool(
    'list_models',
    {
      title: 'List models',
      description: 'The models of this machine with their state, size, memory and last failure.',
      inputSchema: { state: z.enum(LIFECYCLE_STATES).optional().describe('only models in this state') },
      annotations: READS,
    },
    ({ state }) =>
      answering(async () => {
        const { models } = await call('models:list', {});
        return { models: models.filter((each) => state === undefined || each.state === state).map(modelShape) };
      }),
  );
  server.registerTool(
    'explain_load',
    {
      title: 'Explain a load',
      description: 'What would happen if a model were loaded now, and why. Changes nothing.',
      inputSchema: { model },
      annotations: READS,
    },
    (input) =>
      answering(async () => {
        const { explanation } = await call('placement:explain', { modelId: input.model });
        return explainShape(explanation);
      }),
  );
  server.registerTool(
    'load_model',
    {
      title: 'Load a model',
      description:
        'Loads a model and answers when it is ready or has failed, with the cause. Idle models may be unloaded to make room. ' +
        'A load whose call is given up goes on.',
      inputSchema: { model },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    (input, extra) => answering(() => load(call, input.model, extra)),
  );
  server.registerTool(
    'unload_model',
    {
      title: 'Unload a model',
      description: 'Ends a model’s process and frees its memory; requests that it answers now are broken off.',
      inputSchema: { model },
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    (input) =>
      answering(async () => {
        const unloaded = await call('models:unload', { modelId: input.model });
        return { model: modelShape(unloaded.model) };
      }),
  );
  server.registerTool(
    'list_decisions',
    {
      title: 'List decisions',
      description: 'Why models were admitted, evicted, queued, refused or restarted; newest first.',
      inputSchema: { limit: z.int().min(1).max(200).default(20) },
      annotations: READS,
    },
    ({ limit }) =>
      answering(async () => {
        const { decisions } = await call('decisions:list', { limit });
        return { decisions: decisions.map(decisionShape) };
      }),
  );
  server.registerTool(
    'read_logs',
    {
      title: 'Read logs',
      description: 'The newest log entries, oldest first.',
      inputSchema: {
        limit: z.int().min(1).max(500).default(50),
        level: z.enum(LOG_LEVELS).optional().describe('this level and worse'),
        source: z.string().max(512).optional().describe('"server", "router", "engine", or "model:<id>"'),
      },
      annotations: READS,
    },
    (input) => answering(() => readLogs(call, input)),
  );
  return server;
};
