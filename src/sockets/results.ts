/**
 * A command's result in the shape of each dialect. Results are written in the envelope dialect, so B differs from them in
 * words only; A has shapes of its own. Pure.
 */
import {
  configView,
  logEntryView,
  modelFor,
  modelForA,
  routerStatusFor,
  MODEL_WORDS,
} from '../projections/dialects.ts';
import type { Dialect } from '../projections/dialects.ts';
import type { CommandName, CommandResult } from '../contracts/commands.ts';
import type { ModelView } from '../contracts/views.ts';

type Fields = Readonly<Record<string, unknown>>;
type Shape<N extends CommandName> = (result: CommandResult<N>, payload: Fields) => unknown;

const oneModel =
  (dialect: Dialect) =>
  (result: { model: ModelView }): unknown => ({ model: modelFor(dialect, result.model) });

const A: { [N in CommandName]?: Shape<N> } = {
  'models:list': ({ models }) => models.map(modelForA),
  'models:get': oneModel('a'),
  'models:scan': (result) => ({ ...result, models: result.models.map(modelForA) }),
  'models:load': ({ model, status }) => ({ model: modelForA(model), status }),
  'models:unload': ({ model, status }) => ({ model: modelForA(model), status }),
  'models:start': oneModel('a'),
  'models:stop': oneModel('a'),
  'models:create': oneModel('a'),
  'models:update': oneModel('a'),
  // The client finds its request again by the name it used.
  'models:delete': ({ modelName }, payload) => ({
    modelName: typeof payload['modelName'] === 'string' ? payload['modelName'] : modelName,
    deleted: true,
  }),
  'router:status': (result) => routerStatusFor('a', result),
  'config:get': ({ config }) => configView(config),
  'config:update': ({ config }, payload) => {
    if (typeof payload['key'] !== 'string') return { config: configView(config) };
    return { key: payload['key'], value: configView(config)[payload['key']] };
  },
  'logs:get': ({ logs }) => logs,
  'logs:clear': () => ({ cleared: true }),
  'live:subscribe': (result) => ({ ...result, models: result.models.map(modelForA) }),
};

const B: { [N in CommandName]?: Shape<N> } = {
  'models:list': ({ models }) => ({ models: models.map((model) => modelFor('b', model)) }),
  'models:get': oneModel('b'),
  'models:scan': (result) => ({ ...result, models: result.models.map((model) => modelFor('b', model)) }),
  'models:load': ({ model }) => ({ model: modelFor('b', model), status: MODEL_WORDS.b[model.state] }),
  'models:unload': ({ model }) => ({ model: modelFor('b', model), status: MODEL_WORDS.b[model.state] }),
  'models:start': oneModel('b'),
  'models:stop': oneModel('b'),
  'models:create': oneModel('b'),
  'models:update': oneModel('b'),
  'router:status': (result) => routerStatusFor('b', result),
  'config:get': ({ config }) => ({ config: configView(config) }),
  'config:update': ({ config }) => ({ config: configView(config) }),
  'logs:get': ({ logs }) => ({ logs: logs.map(logEntryView) }),
};

const fieldsOf = (payload: unknown): Fields =>
  typeof payload === 'object' && payload !== null ? (payload as Fields) : {};

/** `data` of an acknowledgement. `payload` is what the client sent. */
export const resultForA = <N extends CommandName>(command: N, result: CommandResult<N>, payload: unknown): unknown =>
  A[command]?.(result, fieldsOf(payload)) ?? result;

/** `data` of a response envelope. */
export const resultForB = <N extends CommandName>(command: N, result: CommandResult<N>): unknown =>
  B[command]?.(result, {}) ?? result;

/**
 * What `<event>:response:<id>` carries besides the envelope's own fields. Seed 001's `llama:status` answers there without
 * the nesting and with `processRunning`.
 */
export const flatExtras = <N extends CommandName>(command: N, result: CommandResult<N>): Fields => {
  if (command !== 'llama:status') return {};
  const { status } = result as CommandResult<'llama:status'>;
  return { ...status, processRunning: status.status === 'running' || status.status === 'stopping' };
};

/** Seed 003 reads these beside `success`. */
const FLAT_IN_ACK: { [N in CommandName]?: (result: CommandResult<N>) => Fields } = {
  'media:generate': ({ mediaId }) => ({ mediaId }),
  'media:cancel': ({ mediaId }) => ({ mediaId }),
  'media:subscribe': ({ mediaId }) => ({ mediaId }),
  'media:unsubscribe': ({ mediaId }) => ({ mediaId }),
};

/** Fields of a result that an acknowledgement also carries at its top level. */
export const ackExtras = <N extends CommandName>(command: N, result: CommandResult<N>): Fields =>
  FLAT_IN_ACK[command]?.(result) ?? {};
