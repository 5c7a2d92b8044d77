/**
 * A small server that speaks the dashboard's contract with state a test sets: it serves the built page under a strict
 * content policy, answers the commands the page uses, and numbers what it broadcasts. Loads go only as far as the test
 * drives them.
 */
import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import type { Duplex } from 'node:stream';
import { Server } from 'socket.io';
import type { Socket } from 'socket.io';
import { COMMAND_NAMES, failureCode } from '../../src/contracts/commands.ts';
import type { CommandInput, CommandName, CommandResult, ExplainView } from '../../src/contracts/commands.ts';
import { CONFIG_KEYS, defaultConfig, defaultSettings } from '../../src/contracts/config.ts';
import type { Config, Settings } from '../../src/contracts/config.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import type { BroadcastData, BroadcastName, EnvelopeReply, EnvelopeRequest } from '../../src/contracts/events.ts';
import type { RunView } from '../../src/contracts/runs.ts';
import type { NotificationMessage, NotificationView } from '../../src/contracts/notifications.ts';
import type { DownloadVariantView } from '../../src/contracts/downloads.ts';
import type {
  DecisionView,
  EngineView,
  FailureView,
  LiveChange,
  LogEntryView,
  ModelView,
  PresetView,
  RouterView,
} from '../../src/contracts/views.ts';

import type { ActivityView, RequestView } from '../../src/contracts/activity.ts';
import type { KeyView } from '../../src/contracts/keys.ts';
import { aKey, someCapture, someTimeline, summaryOf } from './fixture-activity.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import { aDownload, someOptions, someReport } from './fixture-downloads.ts';
import { aModel } from './fixture-models.ts';
import { answerChat, plainChat } from './fixture-chat.ts';
import type { ChatBody, ChatScript } from './fixture-chat.ts';
import { somePieces } from './fixture-runs.ts';
import { changePlan } from '../../src/projections/change-plan.ts';
import type { Situation } from '../../src/projections/change-plan.ts';
import { configRows } from '../../src/projections/config-rows.ts';
import { effectiveParameters } from '../../src/runtime/parameters.ts';
import { applyOf } from '../../src/contracts/changes.ts';
import { historyOf, sampleAt, someHealth, someInfo, someActors, someRows } from './fixture-data.ts';

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; base-uri 'self'; form-action 'none'";
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

export const readyEngine: EngineView = {
  state: 'ready',
  path: '/usr/bin/llama-server',
  source: 'path',
  version: 'b11669',
  build: 11_669,
  progress: null,
  problem: null,
};

export const runningRouter: RouterView = {
  state: 'loaded',
  running: true,
  preset: 'default',
  pid: 47_001,
  url: 'http://127.0.0.1:8080',
  startedAt: Date.now() - 8_000_000,
  loadedModels: [],
  failure: null,
  retryAt: null,
  gaveUp: false,
  restarts: 0,
  inFlight: 0,
};

const fitting: Omit<ExplainView, 'modelId'> = {
  verdict: 'fits',
  reason: 'It needs 5.5 GB; 13.1 GB are free after the reserve.',
  evicts: [],
  requiredBytes: 5_500_000_000,
  availableBytes: 13_100_000_000,
  required: { ram: 5_500_000_000, gpus: [] },
  takes: { ram: 5_500_000_000, gpus: [] },
  available: { ram: 13_100_000_000, gpus: [] },
  free: { ram: 12_600_000_000, gpus: [] },
  short: { ram: 0, gpus: [] },
  leaving: [],
  waitsFor: [],
  modelsMax: 4,
  present: 1,
  queue: [],
  memory: {
    estimatedBytes: 5_500_000_000,
    estimated: { ram: 5_500_000_000, gpus: [] },
    measuredBytes: null,
    measured: null,
  },
  parts: [
    {
      device: 'Main memory',
      model: 4_900_000_000,
      context: 420_000_000,
      compute: 150_000_000,
      other: 30_000_000,
      measured: false,
    },
  ],
  contextTokens: { least: 4096, most: 8192 },
};

const checkIni = (ini: string): void => {
  const wrong = ini.split('\n').findIndex((line) => line !== '' && !/^[[;]|=/.test(line));
  if (wrong !== -1)
    throw new CodedError('INVALID_PAYLOAD', `Line ${wrong + 1} of the preset: expected "key = value".`, {
      details: { line: wrong + 1 },
    });
};

type Handlers = { [N in CommandName]?: (data: CommandInput<N>) => CommandResult<N> | Promise<CommandResult<N>> };

export class FixtureServer {
  models = new Map<string, ModelView>();
  router: RouterView = runningRouter;
  engine: EngineView = readyEngine;
  config: Config = { ...defaultConfig(), modelsDir: '/home/ana/models' };
  settings: Settings = defaultSettings();
  /** What flags of this start say; they win over the configuration. */
  overrides: Partial<Config> = {};
  decisions: DecisionView[] = [];
  logs: LogEntryView[] = [];
  presets: PresetView[] = [];
  runs: RunView[] = [];
  health = someHealth();
  /** Finished ones, newest first. */
  requests: ActivityView[] = [];
  running: RequestView[] = [];
  keys: KeyView[] = [];
  keyRequired = false;
  downloads: DownloadView[] = [];
  /** What `/v1/chat/completions` answers. */
  chat: ChatScript = plainChat;
  readonly chats: ChatBody[] = [];
  /** The machine has a GPU. */
  gpu = false;
  /** What the hub has: one variant for each repository. */
  hub = new Map<string, DownloadVariantView>();
  /** Commands that this server has beyond the contract of this build. */
  withoutCommands: string[] = [];
  explanation: Omit<ExplainView, 'modelId'> = fitting;
  /** Every command that arrived, in order. */
  readonly calls: { event: CommandName; data: unknown }[] = [];
  /** Commands that fail from now on, with their error. */
  readonly failing = new Map<CommandName, CodedError>();
  /** Turns every connection away at the door, as a proxy without its server does. */
  refusing = false;
  /** Why nobody gets in, as a server says it that needs a key; null lets everybody in. */
  locked: string | null = null;
  notifications: NotificationView[] = [];
  seq = 0;
  port = 0;
  private readonly root: string;
  private readonly loads = new Map<
    string,
    { resolve: (model: ModelView) => void; reject: (error: CodedError) => void }
  >();
  private readonly connections = new Set<Duplex>();
  private io: Server | null = null;

  /** `root` is the folder of the built page. */
  constructor(root: string) {
    this.root = root;
  }

  get url(): string {
    return `http://127.0.0.1:${String(this.port)}`;
  }

  /** Listens; a second start takes the same port again, as a restarted server does. */
  async start(): Promise<void> {
    const http = createServer((request, response) => {
      response.setHeader('content-security-policy', POLICY);
      if (request.url === '/v1/chat/completions') {
        void answerChat(request, response, this.chat, (body) => this.chats.push(body));
        return;
      }
      if (request.url === '/api/commands') {
        response.setHeader('content-type', 'application/json');
        response.end(
          JSON.stringify({
            commands: COMMAND_NAMES.filter((name) => !this.withoutCommands.includes(name)).map((name) => ({ name })),
          }),
        );
        return;
      }
      const path = normalize(new URL(request.url ?? '/', 'http://x').pathname);
      const file = join(this.root, path);
      const found = extname(path) !== '' && existsSync(file);
      response.setHeader('content-type', TYPES[found ? extname(path) : '.html'] ?? 'application/octet-stream');
      createReadStream(found ? file : join(this.root, 'index.html')).pipe(response);
    });
    http.on('connection', (connection: Duplex) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
    const io = new Server(http, {
      path: '/socket.io',
      allowRequest: (_request, done) => {
        done(this.refusing ? 'refused' : null, !this.refusing);
      },
    });
    io.use((_socket, next) => {
      if (this.locked === null) return next();
      next(Object.assign(new Error(this.locked), { data: { code: 'UNAUTHORIZED', message: this.locked } }));
    });
    io.on('connection', (socket) => {
      this.serve(socket);
    });
    await new Promise<void>((resolve) => http.listen(this.port, '127.0.0.1', resolve));
    const address = http.address();
    if (address !== null && typeof address === 'object') this.port = address.port;
    this.io = io;
  }

  /** Goes away as a killed server does: every connection breaks. */
  async stop(): Promise<void> {
    const { io } = this;
    this.io = null;
    const closed = io?.close();
    // Also those that are neither a request nor a socket yet: an upgrade under way would keep the server open.
    for (const connection of this.connections) connection.destroy();
    await closed;
  }

  reset(models: ModelView[]): void {
    this.models = new Map(models.map((model) => [model.id, model]));
    this.router = runningRouter;
    this.engine = readyEngine;
    this.config = { ...defaultConfig(), modelsDir: '/home/ana/models' };
    this.settings = defaultSettings();
    this.overrides = {};
    this.hub.clear();
    this.decisions = [];
    this.logs = [];
    this.presets = [];
    this.runs = [];
    this.health = someHealth();
    this.requests = [];
    this.running = [];
    this.keys = [];
    this.keyRequired = false;
    this.downloads = [];
    this.chat = plainChat;
    this.chats.length = 0;
    this.gpu = false;
    this.withoutCommands = [];
    this.explanation = fitting;
    this.refusing = false;
    this.locked = null;
    this.notifications = [];
    this.calls.length = 0;
    this.failing.clear();
    this.loads.clear();
  }

  /** Changes a model and tells every subscriber. */
  patch(id: string, parts: Partial<ModelView>): ModelView {
    const held = this.models.get(id);
    if (held === undefined) throw new Error(`The fixture has no model ${id}`);
    const model: ModelView = { ...held, ...parts, status: parts.state ?? held.state };
    this.models.set(id, model);
    this.publish([{ kind: 'model', model }]);
    return model;
  }

  add(model: ModelView): void {
    this.models.set(model.id, model);
    this.publish([{ kind: 'model', model }]);
  }

  remove(id: string): void {
    this.models.delete(id);
    this.publish([{ kind: 'model.removed', id }]);
  }

  setKeys(keys: KeyView[]): void {
    this.keys = keys;
    this.broadcast('keys:updated', { keys, required: this.keyRequired });
  }

  setDownload(download: DownloadView): void {
    this.downloads = [download, ...this.downloads.filter(({ id }) => id !== download.id)];
    this.publish([{ kind: 'download', download }]);
  }

  setEngine(parts: Partial<EngineView>): void {
    this.engine = { ...this.engine, ...parts };
    this.publish([{ kind: 'engine', engine: this.engine }]);
  }

  setRouter(parts: Partial<RouterView>): void {
    this.router = { ...this.router, ...parts };
    this.publish([{ kind: 'router', router: this.router }]);
  }

  publish(changes: LiveChange[]): void {
    this.seq += 1;
    this.io?.to('live').emit('live:change', { seq: this.seq, changes });
  }

  /** Counts an increment that nobody receives: the next one shows the gap. */
  loseIncrement(): void {
    this.seq += 1;
  }

  broadcast<N extends BroadcastName>(event: N, data: BroadcastData[N]): void {
    this.io?.emit(event, { type: 'broadcast', event, data, timestamp: Date.now(), ...data });
  }

  /** Tells everybody, as a server does. */
  notify(message: NotificationMessage): void {
    this.notifications.unshift({ ...message, userId: null, count: 1, read: false });
    this.io?.emit('notification', message);
  }

  /** Tells of the machine as it is now. */
  sample(): void {
    this.broadcast('metrics:update', { metrics: sampleAt(Date.now(), this.models.values(), this.gpu) });
  }

  /** Writes a line of the log, as the server does while a page is open. */
  writeLine(parts: Partial<LogEntryView> & Pick<LogEntryView, 'message'>): void {
    const line: LogEntryView = {
      id: String(Number(this.logs[0]?.id ?? 1_700_000_000_000_000) + 1),
      timestamp: Date.now(),
      level: 'info',
      source: 'server',
      ...parts,
    };
    this.logs.unshift(line);
    const { id, level, message, source } = line;
    const timestamp = new Date(line.timestamp).toISOString();
    this.broadcast('logs:entry', { entry: { id, timestamp, level, message, context: { source } } });
    this.io?.emit('log_update', { id, timestamp, level, message, category: source });
  }

  /** A request is over, as the router tells while a page is open. */
  finish(request: ActivityView): void {
    this.requests.unshift(request);
    this.broadcast('activity:added', { requests: [request], skipped: 0 });
  }

  finishLoad(id: string, parts: Partial<ModelView> = {}): void {
    const model = this.patch(id, {
      state: 'loaded',
      progress: null,
      stage: null,
      loadedAt: Date.now(),
      pid: 50_001,
      contextSize: 8192,
      slots: 1,
      ...parts,
    });
    this.loads.get(id)?.resolve(model);
    this.loads.delete(id);
  }

  failLoad(id: string, failure: FailureView, parts: Partial<ModelView> = {}): void {
    this.patch(id, { state: 'error', progress: null, stage: null, failure, ...parts });
    this.loads.get(id)?.reject(new CodedError('UPSTREAM_FAILED', failure.message));
    this.loads.delete(id);
  }

  private modelOf(data: { modelId?: string | undefined; modelName?: string | undefined }): ModelView {
    const model = this.models.get(data.modelId ?? '');
    if (model === undefined) throw new CodedError('NOT_FOUND', `Model not found: ${String(data.modelId)}`);
    return model;
  }

  /** With presets and records left out: what the configuration alone asks for, for every model alike. */
  private situation(config: Config): Situation {
    const parameters = effectiveParameters({ config, presetGlobal: {}, presetModel: {}, record: null });
    return { config, parameters: new Map([...this.models.keys()].map((id) => [id, parameters])) };
  }

  private affected() {
    return [...this.models.values()].map(({ id, state }) => ({ id, state, running: null, refreshing: false }));
  }

  private readonly handlers: Handlers = {
    'live:subscribe': () => ({
      seq: this.seq,
      serverTime: Date.now(),
      version: '0.1.0',
      models: [...this.models.values()],
      router: this.router,
      engine: this.engine,
      downloads: this.downloads,
    }),
    'config:get': () => ({ config: this.config }),
    'runs:list': () => ({
      runs: this.runs,
      tools: [
        { name: 'claude', kind: 'claude', isDefault: true, command: 'claude -p' },
        { name: 'prompt', kind: 'builtin', isDefault: false, command: 'llamactor prompt' },
      ],
      limits: { running: 5, waiting: 100, timeoutMs: 300_000, queueTimeoutMs: 600_000, outputBytes: 10_485_760 },
    }),
    'runs:get': ({ id }) => {
      const run = this.runs.find((one) => one.id === id);
      if (run === undefined) throw new CodedError('NOT_FOUND', `There is no run ${id}.`);
      return { run, prompt: run.title };
    },
    'runs:follow': ({ id }) => ({ id, pieces: somePieces(), next: somePieces().length, more: false }),
    'runs:unfollow': () => ({ following: false }),
    'config:update': (data) => {
      const changes = 'config' in data ? data.config : { [data.key]: data.value };
      for (const [key, value] of Object.entries(changes)) {
        const entry = (CONFIG_KEYS as Record<string, { schema: { safeParse(value: unknown): { success: boolean } } }>)[
          key
        ];
        if (entry?.schema.safeParse(value).success !== true)
          throw new CodedError('INVALID_PAYLOAD', `${key} is not valid; nothing was stored.`, { details: { key } });
      }
      this.config = { ...this.config, ...changes };
      this.broadcast('config:updated', { config: this.config });
      return { config: this.config };
    },
    'config:preview': (data) => {
      const patch = 'config' in data ? data.config : { [data.key]: data.value };
      const next = this.situation({ ...this.config, ...patch });
      return { effects: changePlan(this.situation(this.config), next, this.affected(), { apply: applyOf(data) }) };
    },
    'config:effective': () => ({
      rows: configRows({
        stored: this.config,
        inForce: { ...this.config, ...this.overrides },
        overrides: this.overrides,
        running: { host: '127.0.0.1', port: 3000, routerUrl: this.router.url, enginePath: this.engine.path },
      }),
    }),
    'settings:get': () => ({ settings: this.settings }),
    'settings:update': ({ settings }) => {
      this.settings = { ...this.settings, ...settings };
      this.broadcast('settings:updated', { settings: this.settings });
      return { settings: this.settings };
    },
    'metrics:get': () => ({ metrics: sampleAt(Date.now(), this.models.values(), this.gpu) }),
    'metrics:history': ({ hours }) => ({
      history: historyOf(Date.now(), hours ?? 24, this.models.values(), this.gpu),
    }),
    'logs:get': ({ limit = 100, offset = 0, source }) => ({
      logs: this.logs.filter((line) => source === undefined || line.source === source).slice(offset, offset + limit),
    }),
    'logs:subscribe': ({ history = 0 }) => ({ logs: this.logs.slice(0, history) }),
    'logs:unsubscribe': () => ({ subscribed: false }),
    'logs:clear': () => {
      const cleared = this.logs.length;
      this.logs = [];
      this.broadcast('logs:cleared', { cleared });
      return { cleared };
    },
    'presets:list': () => ({ presets: this.presets }),
    'presets:preview': ({ name, ini, ...fields }) => {
      checkIni(ini);
      if (name !== this.router.preset) return { effects: [{ kind: 'none', changed: [], when: 'now' }] };
      const before = this.situation(this.config);
      const context = /^ctx-size = (\d+)$/m.exec(ini)?.[1];
      const after = this.situation({ ...this.config, contextSize: Number(context ?? 0) });
      return { effects: changePlan(before, after, this.affected(), { apply: applyOf(fields) }) };
    },
    'presets:save': ({ name, ini }) => {
      checkIni(ini);
      const preset: PresetView = { name, path: `/presets/${name}.ini`, models: [], parameters: {}, ini, problem: null };
      this.presets = [...this.presets.filter((one) => one.name !== name), preset];
      this.broadcast('presets:updated', { presets: this.presets });
      return { preset };
    },
    'presets:delete': ({ name }) => {
      this.presets = this.presets.filter((one) => one.name !== name);
      this.broadcast('presets:updated', { presets: this.presets });
      return { deleted: name };
    },
    'activity:list': ({ limit = 100, before, model, status, key }) => {
      const kept = this.requests.filter(
        (row) =>
          (model === undefined || row.modelId === model) &&
          (key === undefined || row.key === key) &&
          (status === undefined ||
            (status === 'cancelled'
              ? row.cancelled
              : (row.errorCode === null && !row.cancelled ? 'ok' : 'error') === status && !row.cancelled)),
      );
      const from = before === undefined ? 0 : kept.findIndex(({ id }) => id === before) + 1;
      return { requests: kept.slice(from, from + limit), more: kept.length > from + limit };
    },
    'activity:summary': ({ hours = 24, model }) => ({
      summary: summaryOf(
        Date.now(),
        hours,
        this.requests.filter(({ modelId }) => model === undefined || modelId === model),
      ),
    }),
    'activity:capture': ({ id }) => ({ capture: someCapture(id) }),
    'activity:subscribe': () => ({ subscribed: true }),
    'activity:unsubscribe': () => ({ subscribed: false }),
    'requests:list': () => ({ requests: this.running, total: this.running.length }),
    'requests:cancel': ({ id }) => {
      this.running = this.running.filter((request) => request.id !== id);
      this.setRouter({ inFlight: this.running.length });
      return { cancelled: id };
    },
    'timeline:get': ({ hours = 24 }) => ({ timeline: someTimeline(Date.now(), hours) }),
    'keys:list': () => ({ keys: this.keys, required: this.keyRequired }),
    'keys:create': ({ name, scopes = ['infer'], expiresAt = null, models = null, ...limits }) => {
      if (this.keys.some((key) => key.name === name))
        throw new CodedError('INVALID_STATE', `There is a key called ${name} already; choose another name.`);
      const { concurrency = null, ratePerMinute = null } = limits;
      const key = aKey(name, { scopes, expiresAt, models, concurrency, ratePerMinute, createdAt: Date.now() });
      this.setKeys([...this.keys, key]);
      return { key, secret: `lla_${'s3cret'.repeat(7)}` };
    },
    'keys:revoke': ({ id }) => {
      const key = this.keys.find((one) => one.id === id);
      if (key === undefined) throw new CodedError('NOT_FOUND', `There is no key ${id}.`);
      this.setKeys(this.keys.filter((one) => one !== key));
      return { revoked: key.id, name: key.name };
    },
    'notifications:list': ({ limit = 50, before }) => {
      const from = this.notifications.findIndex(({ id }) => id === before) + 1;
      return {
        notifications: this.notifications.slice(from, from + limit),
        unread: this.notifications.filter(({ read }) => !read).length,
        more: this.notifications.length > from + limit,
      };
    },
    'notifications:read': ({ ids, all }) => {
      const read = this.notifications.filter((each) => !each.read && (all === true || ids?.includes(each.id) === true));
      for (const each of read) each.read = true;
      return { read: read.map(({ id }) => id), unread: this.notifications.filter((each) => !each.read).length };
    },
    'downloads:start': ({ source, quant = null }) => {
      const download = aDownload(`d${String(this.downloads.length + 1)}`, { source, quant, percent: 0 });
      this.setDownload(download);
      return { download };
    },
    'models:create': ({ model }) => {
      const parts = Object.fromEntries(Object.entries(model).filter(([, value]) => value !== undefined));
      const made = { ...aModel(model.id ?? model.name), ...parts };
      this.add(made);
      return { model: made };
    },
    'import:llama-swap': ({ yaml, dryRun = false }) => {
      if (!yaml.includes('models:'))
        throw new CodedError('INVALID_PAYLOAD', 'This is no configuration of llama-swap: it has no "models".');
      return { report: someReport(dryRun) };
    },
    'system:info': () => ({ info: someInfo() }),
    'system:health': () => this.health,
    'inspector:subscribe': () => ({ seq: 0, actors: someActors() }),
    'inspector:unsubscribe': () => ({ subscribed: false }),
    'downloads:options': ({ source }) => {
      // Whoever has not said what the hub has gets what a large repository would offer.
      if (this.hub.size === 0) return { options: someOptions(source) };
      const offered = this.hub.get(source.replace(/^hf:/, ''));
      if (offered === undefined) throw new CodedError('NOT_FOUND', `${source} was not found at huggingface.co.`);
      return { options: { source, repo: source.replace(/^hf:/, ''), gated: false, note: null, variants: [offered] } };
    },
    'models:effective': (data) => {
      const { id, contextSize } = this.modelOf(data);
      return { modelId: id, rows: someRows(contextSize) };
    },
    'models:update': ({ modelId, updates }) => ({
      model: this.patch(
        modelId,
        Object.fromEntries(Object.entries(updates).filter(([, value]) => value !== undefined)),
      ),
    }),
    'models:preview': ({ modelId, updates, ...fields }) => {
      const before = this.situation(this.config);
      const parameters = { ...before.parameters.get(modelId), ...updates.parameters };
      const after = { ...before, parameters: new Map([...before.parameters, [modelId, parameters]]) };
      return { effects: changePlan(before, after, this.affected(), { apply: applyOf(fields) }) };
    },
    'models:delete': (data) => {
      const { id, name } = this.modelOf(data);
      this.remove(id);
      return { deletedId: id, modelName: name, deleted: true };
    },
    'router:restart': () => {
      this.setRouter({ state: 'loading', running: false });
      return { status: 'restarting' };
    },
    'router:start-with-preset': ({ presetName }) => {
      this.setRouter({ preset: presetName, state: 'loading', running: false });
      return { preset: presetName, status: 'starting' };
    },
    'metrics:subscribe': ({ interval }) => ({ interval: interval ?? 2000 }),
    'approvals:list': () => ({ approvals: [], allowances: [] }),
    'sessions:list': () => ({ sessions: [] }),
    'media:ticket': () => ({ ticket: null, expiresAt: null }),
    'audit:list': () => ({ entries: [], more: false }),
    'decisions:list': () => ({ decisions: this.decisions }),
    'placement:explain': (data) => ({ explanation: { ...this.explanation, modelId: this.modelOf(data).id } }),
    'models:scan': () => ({
      found: this.models.size,
      added: 0,
      updated: 0,
      removed: 0,
      models: [...this.models.values()],
    }),
    'models:load': async (data) => {
      const { id } = this.modelOf(data);
      const settled = new Promise<ModelView>((resolve, reject) => this.loads.set(id, { resolve, reject }));
      this.patch(id, {
        state: 'loading',
        desired: 'loaded',
        progress: 0,
        stage: 'text_model',
        failure: null,
        retryAt: null,
        gaveUp: false,
      });
      return { model: await settled, status: 'loaded' };
    },
    'models:unload': (data) => {
      const { id } = this.modelOf(data);
      this.loads.get(id)?.reject(new CodedError('INVALID_STATE', 'The model was unloaded meanwhile.'));
      this.loads.delete(id);
      const model = this.patch(id, {
        state: 'unloaded',
        desired: 'unloaded',
        progress: null,
        stage: null,
        loadedAt: null,
        pid: null,
        failure: null,
        retryAt: null,
        inFlight: 0,
      });
      return { model, status: 'unloaded' };
    },
    'engine:install': () => {
      this.setEngine({
        state: 'installing',
        problem: null,
        progress: { stage: 'downloading libllama0', percent: 42, receivedBytes: 8_400_000, totalBytes: 20_000_000 },
      });
      return { engine: this.engine };
    },
    'router:start': () => {
      this.setRouter({ state: 'loaded', running: true, failure: null, url: 'http://127.0.0.1:8080' });
      return { status: 'starting' };
    },
  };

  private serve(socket: Socket): void {
    socket.onAny((event: CommandName, request: EnvelopeRequest, ack: (reply: EnvelopeReply) => void) => {
      this.calls.push({ event, data: request.data });
      const reply = (parts: Pick<EnvelopeReply, 'success' | 'data' | 'error'>): void => {
        ack({ type: 'response', event, requestId: request.requestId ?? 0, timestamp: Date.now(), ...parts });
      };
      const run = this.handlers[event] as ((data: unknown) => unknown) | undefined;
      Promise.resolve()
        .then(() => {
          const failure = this.failing.get(event);
          if (failure !== undefined) throw failure;
          if (run === undefined) throw new CodedError('NOT_FOUND', `The fixture has no command ${event}.`);
          if (event === 'live:subscribe') void socket.join('live');
          return run(request.data);
        })
        .then(
          (data) => {
            reply({ success: true, data, error: null });
          },
          (error: unknown) => {
            const coded = error instanceof CodedError ? error : new CodedError('INTERNAL', String(error));
            reply({
              success: false,
              data: null,
              error: {
                code: failureCode(event),
                message: coded.message,
                reason: coded.code,
                ...(coded.details === undefined ? {} : { details: { ...coded.details } }),
              },
            });
          },
        );
    });
  }
}
