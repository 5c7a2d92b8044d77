/** `Services` in memory: real behaviour at the boundary the transports see, with outcomes a test can set. */
import { CodedError } from '../../src/contracts/errors.ts';
import { defaultConfig, defaultSettings } from '../../src/contracts/config.ts';
import { changePlan } from '../../src/projections/change-plan.ts';
import { configRows } from '../../src/projections/config-rows.ts';
import type { ImportedModel } from '../../src/contracts/commands.ts';
import { LOG_LEVELS } from '../../src/contracts/views.ts';
import type { ActivityView } from '../../src/contracts/activity.ts';
import type { By, DomainChange, Services } from '../../src/commands/services.ts';
import type {
  FailureView,
  InspectedActorView,
  InspectorFrameView,
  LogEntryView,
  LogLevel,
  ModelView,
  PresetView,
  RouterView,
} from '../../src/contracts/views.ts';
import { createMemoryApprovals } from './memory-approvals.ts';
import type { MemoryApprovals } from './memory-approvals.ts';
import { createMemoryChannels } from './memory-channels.ts';
import { createMemoryDownloads } from './memory-downloads.ts';
import type { MemoryDownloads } from './memory-downloads.ts';
import { createMemoryMcp } from './memory-mcp.ts';
import type { MemoryMcp } from './memory-mcp.ts';
import { createMemoryMedia } from './memory-media.ts';
import { createTokens } from '../../src/io/users/tokens.ts';
import type { Tokens } from '../../src/io/users/tokens.ts';
import { createMemoryNotifications } from './memory-notifications.ts';
import type { MemoryNotifications } from './memory-notifications.ts';
import { createMemoryKeys } from './memory-keys.ts';
import type { MemoryKeys } from './memory-keys.ts';
import { createMemorySessions } from './memory-sessions.ts';
import type { MemorySessions } from './memory-sessions.ts';
import { createMemoryRuns } from './memory-runs.ts';
import type { MemoryRuns } from './memory-runs.ts';
import { summaryOf } from '../../src/runtime/observe/activity-summary.ts';
import {
  memoryActivity,
  memoryEngine,
  memoryModel,
  memoryRequest,
  memoryRouter,
  memorySample,
} from './memory-views.ts';

export interface MemoryControl {
  /** The next call of this kind for this model fails with this. */
  failNext(verb: 'load' | 'unload', id: string, error: Error): void;
  failAlways(verb: 'load', id: string, message: string): void;
  /** Loads of this model wait until the returned function is called. */
  hold(id: string): () => void;
  crash(id: string): void;
  vanish(id: string): void;
  tick(id: string, over: Partial<ModelView>): void;
  setRouter(over: Partial<RouterView>): void;
  setHealth(status: 'healthy' | 'degraded'): void;
  /** A file that the next scan finds. */
  addFile(name: string): void;
  log(level: LogLevel, source: string, message: string): void;
  sample(timestamp: number): void;
  /** A request is over. */
  finish(id: string, over?: Partial<ActivityView>): void;
  /** Intervals that are demanded of the sampler now. */
  demands(): number[];
  /** How often a load really began. */
  loads(id: string): number;
  breakNext(method: 'info'): void;
  /** Tells whoever inspects of one step of the supervisor. */
  step(type: string): void;
  /** How many inspect now. */
  inspectors(): number;
  setDownload: MemoryDownloads['set'];
  runs: Pick<MemoryRuns, 'write' | 'complete'>;
  approvals: MemoryApprovals;
  sessions: MemorySessions;
  mcp: Pick<MemoryMcp, 'put'>;
  keys: MemoryKeys;
  tokens: Tokens;
  notify: MemoryNotifications['notify'];
}

export interface MemoryServices extends Services {
  control: MemoryControl;
}

/** Uploads are tested over the real shelf. */
const noFiles: Services['sessionFiles'] = {
  add: () => Promise.reject(new CodedError('INVALID_STATE', 'No files are kept here.')),
  list: () => [],
  find: () => undefined,
  remove: () => Promise.reject(new CodedError('NOT_FOUND', 'There is no such file.')),
  pathOf: () => '',
};

const crashed: FailureView = {
  code: 'CRASHED',
  message: 'The server ended with code 1.',
  stderr: [],
  exitCode: 1,
  signal: null,
  at: 0,
};

export const createMemoryServices = (
  names: readonly string[] = ['alpha.gguf', 'beta.gguf', 'gamma.gguf'],
  /** Where agents ask; without it they find no router. */
  agentsRouterUrl: () => string | null = () => null,
): MemoryServices => {
  const models = new Map(names.map((name) => memoryModel(name)).map((model) => [model.id, model]));
  const hidden = new Map<string, ModelView>();
  const files: string[] = [];
  const loading = new Map<string, Promise<ModelView>>();
  const failures = new Map<string, Error>();
  const lasting = new Map<string, string>();
  const holds = new Map<string, Promise<void>>();
  const begun = new Map<string, number>();
  const demands: number[] = [];
  const presets = new Map<string, PresetView>([
    [
      'default',
      {
        name: 'default',
        path: '/presets/default.ini',
        models: [],
        parameters: {},
        ini: 'version = 1\n',
        problem: null,
      },
    ],
  ]);
  let activity = [memoryActivity('r1', { modelId: 'beta' }), memoryActivity('r0')];
  const running = new Map([['q1', memoryRequest('q1')]]);
  let router = memoryRouter();
  let engine = memoryEngine();
  let config = { ...defaultConfig(), modelsDir: '/models' };
  let settings = defaultSettings();
  let health: 'healthy' | 'degraded' = 'healthy';
  let broken: string | null = null;
  let log: LogEntryView[] = [];
  let logId = 0;
  let sample = memorySample(Date.now());
  let seq = 0;
  let pending: DomainChange[] = [];
  const inspectors = new Set<(frames: InspectorFrameView[]) => void>();
  let frames = 0;
  const root: InspectedActorView = {
    id: 'x:0',
    name: 'supervisor',
    machine: 'supervisor',
    parent: null,
    status: 'active',
    state: 'running',
    context: {},
  };
  const listeners = new Set<(changes: readonly DomainChange[], seq: number) => void>();

  const flush = (): void => {
    if (pending.length === 0) return;
    const changes = pending;
    pending = [];
    if (
      changes.some(({ kind }) =>
        /^(model|model\.created|model\.removed|router|engine|download|download\.removed)$/.test(kind),
      )
    )
      seq += 1;
    for (const listener of listeners) listener(changes, seq);
  };
  const publish = (change: DomainChange): void => {
    if (pending.length === 0) queueMicrotask(flush);
    pending.push(change);
  };
  const downloads = createMemoryDownloads(publish);
  const media = createMemoryMedia(publish);
  const mcp = createMemoryMcp(publish);
  const runs = createMemoryRuns(publish);
  const approvals = createMemoryApprovals(publish);
  const sessions = createMemorySessions({
    publish,
    subscribe: () => () => undefined,
    approvals: approvals.service,
    config: () => config,
  });
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

  const find = (ref: string): ModelView | undefined =>
    models.get(ref) ??
    [...models.values()].find(
      (model) => model.name === ref || model.name === `${ref}.gguf` || model.aliases.includes(ref),
    );
  const must = (id: string): ModelView => {
    const model = models.get(id);
    if (model === undefined) throw new CodedError('NOT_FOUND', `Model not found: ${id}`);
    return model;
  };
  const change = (id: string, over: Partial<ModelView>, by: By | null): ModelView => {
    const previous = must(id);
    const model = { ...previous, ...over };
    model.status = model.state;
    models.set(id, model);
    publish({ kind: 'model', model, previous, by });
    return model;
  };
  const changeRouter = (over: Partial<RouterView>, by: By | null): void => {
    router = { ...router, ...over };
    publish({ kind: 'router', router, by });
  };
  const remove = (id: string, by: By | null): ModelView => {
    const model = must(id);
    models.delete(id);
    publish({ kind: 'model.removed', modelId: id, by });
    return model;
  };
  const takeFailure = (verb: string, id: string): void => {
    const failure = failures.get(`${verb}:${id}`);
    failures.delete(`${verb}:${id}`);
    if (failure !== undefined) throw failure;
    const message = lasting.get(`${verb}:${id}`);
    if (message !== undefined) throw new CodedError('UPSTREAM_FAILED', message);
  };

  const load = async (id: string, by: By): Promise<ModelView> => {
    if (!router.running) throw new CodedError('INVALID_STATE', 'The router is not running; start it first.');
    begun.set(id, (begun.get(id) ?? 0) + 1);
    change(id, { state: 'loading', desired: 'loaded', progress: 0 }, by);
    await (holds.get(id) ?? turn());
    try {
      takeFailure('load', id);
    } catch (error) {
      change(id, { state: 'error', progress: null, failure: { ...crashed, message: (error as Error).message } }, by);
      throw error;
    }
    return change(id, { state: 'loaded', progress: null, loadedAt: Date.now(), pid: 99, failure: null }, by);
  };
  const unload = async (id: string, by: By): Promise<ModelView> => {
    takeFailure('unload', id);
    if (must(id).state === 'unloaded') return must(id);
    change(id, { state: 'stopping', desired: 'unloaded' }, by);
    await turn();
    return change(id, { state: 'unloaded', loadedAt: null, pid: null }, by);
  };
  const startRouter = async (by: By): Promise<void> => {
    changeRouter({ state: 'loading', running: false, failure: null }, by);
    await turn();
    changeRouter({ state: 'loaded', running: true, startedAt: Date.now() }, by);
  };
  const stopRouter = async (by: By): Promise<void> => {
    changeRouter({ state: 'stopping' }, by);
    for (const model of [...models.values()]) await unload(model.id, by);
    changeRouter({ state: 'unloaded', running: false, startedAt: null }, by);
  };
  const write = (level: LogLevel, source: string, message: string): void => {
    logId += 1;
    const entry = { id: String(logId), timestamp: Date.now(), level, message, source };
    log = [entry, ...log].slice(0, 500);
    publish({ kind: 'log', entry });
  };
  const preset = (name: string): PresetView => {
    const found = presets.get(name);
    if (found === undefined) throw new CodedError('NOT_FOUND', `There is no preset "${name}".`);
    return found;
  };

  const keys = createMemoryKeys(publish);
  const notifications = createMemoryNotifications(publish);
  const tokens = createTokens({ secret: 'a secret of the tests, long enough for them', now: () => Date.now() });
  const { channels, agents } = createMemoryChannels(publish, {
    models: () => (agentsRouterUrl() === null ? [] : [...models.values()]),
    find: (ref) => (agentsRouterUrl() === null ? undefined : find(ref)),
    routerUrl: agentsRouterUrl,
    tools: { servers: mcp, ask: () => Promise.resolve({ allowed: false, why: 'Nobody is there.' }) },
  });

  const control: MemoryControl = {
    keys,
    tokens,
    notify: notifications.notify,
    failNext: (verb, id, error) => void failures.set(`${verb}:${id}`, error),
    failAlways: (verb, id, message) => void lasting.set(`${verb}:${id}`, message),
    hold: (id) => {
      let release = (): void => undefined;
      holds.set(id, new Promise((resolve) => (release = resolve)));
      return () => {
        holds.delete(id);
        release();
      };
    },
    crash: (id) => void change(id, { state: 'error', loadedAt: null, failure: crashed }, null),
    vanish: (id) => void remove(id, null),
    tick: (id, over) => void change(id, over, null),
    setRouter: (over) => changeRouter(over, null),
    setHealth: (status) => void (health = status),
    addFile: (name) => void files.push(name),
    log: write,
    sample: (timestamp) => {
      sample = memorySample(timestamp);
      publish({ kind: 'metrics', metrics: sample });
    },
    finish: (id, over = {}) => {
      const row = memoryActivity(id, over);
      activity = [row, ...activity];
      publish({ kind: 'activity', requests: [row], skipped: 0 });
    },
    demands: () => [...demands],
    loads: (id) => begun.get(id) ?? 0,
    breakNext: (method) => void (broken = method),
    step: (type) => {
      frames += 1;
      const frame = { seq: frames, at: Date.now(), actor: root, before: 'running', source: null, event: { type } };
      for (const tell of inspectors) tell([frame]);
    },
    inspectors: () => inspectors.size,
    setDownload: downloads.set,
    runs,
    approvals,
    sessions,
    mcp,
  };

  return {
    control,
    channels,
    agents,
    models: {
      list: () => [...models.values()],
      find,
      nearest: () => [...models.values()].map((model) => model.name).slice(0, 3),
      scan: async ({ path, restoreHidden, by }) => {
        await turn();
        if (path !== undefined && !path.startsWith('/models'))
          throw new CodedError('INVALID_PAYLOAD', `${path} is not a folder.`);
        const fresh = [...files.splice(0).map((name) => memoryModel(name)), ...(restoreHidden ? hidden.values() : [])];
        if (restoreHidden) hidden.clear();
        for (const model of fresh) {
          models.set(model.id, model);
          publish({ kind: 'model.created', model, by });
        }
        const found = models.size;
        publish({ kind: 'models.scanned', scanned: found, total: models.size, by });
        return { found, added: fresh.length, updated: 0, removed: 0 };
      },
      load: async (id, by) => {
        if (must(id).state === 'loaded') return must(id);
        const work = loading.get(id) ?? load(id, by).finally(() => loading.delete(id));
        loading.set(id, work);
        return work;
      },
      unload,
      create: async (fields, by) => {
        await turn();
        const id = fields.id ?? fields.name;
        if (models.has(id)) throw new CodedError('INVALID_STATE', `A model "${id}" exists already.`);
        const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
        const model = { ...memoryModel(fields.name), ...given, id, model_path: fields.model_path ?? null };
        models.set(id, model);
        publish({ kind: 'model.created', model, by });
        return model;
      },
      update: async (id, updates, by) => {
        await turn();
        const given = Object.fromEntries(Object.entries(updates).filter(([, value]) => value !== undefined));
        return change(id, { ...given, updated_at: must(id).updated_at + 1 }, by);
      },
      preview: (id, updates, apply) => {
        const keys = Object.keys(updates.parameters ?? {});
        if (keys.length === 0 || must(id).state !== 'loaded') return [{ kind: 'none', changed: [], when: 'now' }];
        const changed = keys.map((key) => ({ key, from: null, to: updates.parameters?.[key] ?? null }));
        return [{ kind: 'restart-model', modelId: id, changed, when: apply === 'now' ? 'now' : 'when idle' }];
      },
      effective: (id) => [
        {
          key: 'ctx-size',
          requested: null,
          source: 'engine',
          effective: must(id).contextSize,
          told: null,
          differs: false,
        },
      ],
      removeRecord: async (id, by) => {
        await unload(id, by);
        hidden.set(id, remove(id, by));
      },
      deleteFile: async (id, by) => {
        await unload(id, by);
        remove(id, by);
      },
      explain: (id) => ({
        modelId: id,
        verdict: 'fits',
        reason: 'There is room.',
        evicts: [],
        requiredBytes: 1,
        availableBytes: 2,
        required: { ram: 1, gpus: [] },
        takes: { ram: 1, gpus: [] },
        available: { ram: 2, gpus: [] },
        free: { ram: 2, gpus: [] },
        short: { ram: 0, gpus: [] },
        leaving: [],
        waitsFor: [],
        modelsMax: 4,
        present: 0,
        queue: [],
        memory: must(id).memory,
        parts: [],
        contextTokens: { least: 4096, most: 4096 },
      }),
    },
    router: {
      view: () => router,
      usage: () => ({ cpu: router.running ? 1.5 : 0, memory: router.running ? 1e8 : 0 }),
      start: async (by) => {
        if (!router.running) await startRouter(by);
      },
      stop: stopRouter,
      restart: async (_signal, by) => {
        const again = [...models.values()].filter((model) => model.state === 'loaded').map((model) => model.id);
        void (async () => {
          await stopRouter(by);
          await startRouter(by);
          for (const id of again) await load(id, by);
        })();
        return Promise.resolve();
      },
      startWithPreset: async (name, by) => {
        preset(name);
        changeRouter({ preset: name }, by);
        void startRouter(by);
        return Promise.resolve();
      },
    },
    engine: {
      view: () => engine,
      install: async (by) => {
        await turn();
        publish({ kind: 'engine', engine, by });
        return engine;
      },
      use: async (path, by) => {
        await turn();
        engine = { ...engine, path, source: 'configured' };
        publish({ kind: 'engine', engine, by });
        return engine;
      },
    },
    downloads: downloads.service,
    media,
    mcp,
    runs: runs.service,
    approvals: approvals.service,
    sessions: sessions.service,
    sessionFiles: noFiles,
    config: {
      get: () => config,
      preview: (patch, apply) => {
        const parameters = new Map();
        return changePlan({ config, parameters }, { config: { ...config, ...patch }, parameters }, [], { apply });
      },
      rows: () =>
        configRows({
          stored: config,
          inForce: config,
          overrides: {},
          running: { host: config.host, port: config.port, routerUrl: null, enginePath: null },
        }),
      problems: () => [],
      update: async (patch, by) => {
        await turn();
        config = { ...config, ...patch };
        publish({ kind: 'config', config, by });
        return config;
      },
    },
    settings: {
      get: () => settings,
      update: async (patch, by) => {
        await turn();
        settings = { ...settings, ...patch };
        publish({ kind: 'settings', settings, by });
        return settings;
      },
    },
    presets: {
      list: () => Promise.resolve([...presets.values()]),
      get: async (name) => Promise.resolve(preset(name)),
      save: async (name, ini, by) => {
        await turn();
        const saved = { name, path: `/presets/${name}.ini`, models: [], parameters: {}, ini, problem: null };
        presets.set(name, saved);
        publish({ kind: 'presets', presets: [...presets.values()], by });
        return saved;
      },
      preview: () => [{ kind: 'none', changed: [], when: 'now' }],
      delete: async (name, by) => {
        await turn();
        preset(name);
        presets.delete(name);
        publish({ kind: 'presets', presets: [...presets.values()], by });
      },
    },
    imports: {
      llamaSwap: async ({ yaml, dryRun }) => {
        await turn();
        if (!yaml.startsWith('models:')) throw new CodedError('INVALID_PAYLOAD', 'It has no `models`.');
        const model: ImportedModel = {
          name: 'writer',
          outcome: 'created',
          modelId: null,
          file: '/models/alpha.gguf',
          aliases: [],
          parameters: { 'ctx-size': 512 },
        };
        return {
          dryRun,
          models: [model],
          settings: { startTimeout: 45 },
          folders: ['/elsewhere'],
          notes: [{ line: 3, item: 'models.writer.env', outcome: 'left out', reason: 'models have their own' }],
        };
      },
    },
    keys: keys.service,
    notifications: notifications.service,
    tokens: { create: (wanted) => tokens.sign(wanted) },
    projects: { update: (room, data, by) => publish({ kind: 'project', room, data, by }) },
    logs: {
      query: ({ limit, offset, level, match, source }) =>
        log
          .filter(
            (entry) =>
              (level === undefined ||
                (match === 'minimum'
                  ? LOG_LEVELS.indexOf(entry.level) >= LOG_LEVELS.indexOf(level)
                  : entry.level === level)) &&
              (source === undefined || entry.source === source),
          )
          .slice(offset, offset + limit),
      clear: (by) => {
        const cleared = log.length;
        log = [];
        publish({ kind: 'logs.cleared', cleared, by });
        return cleared;
      },
      write,
    },
    metrics: {
      current: () => Promise.resolve(sample),
      history: ({ limit }) => [sample].slice(0, limit),
      text: () => '# HELP llamactor_models Models.\n# TYPE llamactor_models gauge\nllamactor_models 3\n',
      demand: (interval) => {
        demands.push(interval);
        const timer = setInterval(() => control.sample(Date.now()), interval).unref();
        return () => {
          clearInterval(timer);
          demands.splice(demands.indexOf(interval), 1);
        };
      },
    },
    activity: {
      list: ({ limit, before, model, key }) => {
        const from = before === undefined ? 0 : activity.findIndex(({ id }) => id === before) + 1;
        if (before !== undefined && from === 0)
          throw new CodedError('NOT_FOUND', `The request ${before} is not kept any more.`);
        const found = activity
          .slice(from)
          .filter((row) => (model === undefined || row.modelId === model) && (key === undefined || row.key === key));
        return { requests: found.slice(0, limit), more: found.length > limit };
      },
      summary: ({ hours }) => summaryOf(activity, { from: hours, to: 2 * hours, complete: true }),
      capture: (id) => {
        const half = { headers: {}, body: '{}', encoding: 'utf8' as const, bytes: 2, truncated: false };
        if (activity.every((row) => row.id !== id)) throw new CodedError('NOT_FOUND', `Nothing was captured of ${id}.`);
        return { id, at: 1, route: '/v1/chat/completions', request: half, response: { status: 200, ...half } };
      },
    },
    requests: {
      list: () => Promise.resolve({ requests: [...running.values()], total: running.size }),
      cancel: async (id) => {
        await turn();
        if (!running.delete(id)) throw new CodedError('NOT_FOUND', `No request ${id} runs or waits.`);
      },
    },
    timeline: {
      get: (hours) => ({
        from: 0,
        to: hours * 3_600_000,
        lanes: [
          {
            modelId: 'alpha',
            spans: [
              { state: 'loading', from: 0, to: 1_800_000, reason: 'There was room.', by: 'http' },
              { state: 'loaded', from: 1_800_000, to: hours * 3_600_000, memory: 1e9 },
            ],
          },
        ],
      }),
    },
    decisions: { list: () => [] },
    system: {
      info: () => {
        if (broken === 'info') {
          broken = null;
          throw new Error('secret path /home/somebody leaked');
        }
        return {
          platform: process.platform,
          arch: process.arch,
          nodeVersion: process.version,
          uptime: 1,
          memory: { total: 2, free: 1 },
          cpuCount: 2,
          version: '0.0.0',
          dataDir: '/data',
          pid: process.pid,
        };
      },
      health: () => ({
        status: health,
        details: { engine: { ok: health === 'healthy', message: 'llama-server 0.7.0' } },
      }),
    },
    inspector: {
      actors: () => [root],
      machines: () => [{ id: 'supervisor', definition: '{}' }],
      seq: () => frames,
      watch: (listener) => {
        inspectors.add(listener);
        return () => void inspectors.delete(listener);
      },
    },
    snapshot: () => {
      flush();
      return {
        seq,
        serverTime: Date.now(),
        version: '0.0.0',
        models: [...models.values()],
        router,
        engine,
        downloads: downloads.service.list(),
      };
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
};
