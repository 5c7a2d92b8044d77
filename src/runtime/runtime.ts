/** Everything behind the transports, composed: stores, actors, models, logs and metrics of one data folder. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { defaultDownloadPolicy } from '../../machines/download-policy.ts';
import type { DownloadPolicy } from '../../machines/download-policy.ts';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import type { RestartPolicy } from '../../machines/restart-policy.ts';
import type { Services } from '../commands/services.ts';
import { SHARED_OWNER } from '../contracts/approvals.ts';
import type { Config } from '../contracts/config.ts';
import type { CallOutcome, RouterSettings } from '../contracts/ipc.ts';
import { nodeFs } from '../io/downloads/download-fs.ts';
import { downloadHttp } from '../io/downloads/http.ts';
import type { Keyring } from '../contracts/keys.ts';
import { isLoopback } from '../contracts/origins.ts';
import { startGuardian } from '../io/guardian.ts';
import { createSampler } from '../io/metrics/sampler.ts';
import { storeHistory } from '../io/metrics/stored-history.ts';
import { pidRecords } from '../io/processes/pid-records.ts';
import { createRunLimiter } from '../io/runs/run-limiter.ts';
import { watchEdits } from '../io/watch-edits.ts';
import { openFileShelf } from '../io/sessions/file-shelf.ts';
import { createRouterLink } from '../io/router-link.ts';
import { lockDataDir } from '../io/store/data-dir-lock.ts';
import type { User } from '../contracts/users.ts';
import { createActorSystem } from './actor-system.ts';
import { openChannels } from './channels/open.ts';
import type { ActorSystem } from './actor-system.ts';
import { createApprovals } from './approvals/approvals.ts';
import { openAudit } from './approvals/audit.ts';
import { createChangeHub } from './changes.ts';
import { createChangeService } from './change-service.ts';
import { createConfigService } from './config-service.ts';
import { createDecisions } from './decisions.ts';
import { offerDemo } from './demo.ts';
import { fitOf } from './download-fit.ts';
import { createDownloads } from './downloads.ts';
import { createEndpoints } from './endpoints.ts';
import { createEnginePorts, createEngineService } from './engine-service.ts';
import { createInspector } from './inspector.ts';
import { createImportService } from './import-service.ts';
import { createKeyService } from './key-service.ts';
import { createLibrary } from './library.ts';
import { followLog } from './log-follow.ts';
import { applyLogSettings, createLogService } from './log-service.ts';
import { createMeasurements } from './measurements.ts';
import { openMcp } from './mcp/open-mcp.ts';
import { openMedia } from './media/open-media.ts';
import { createMemory } from './memory.ts';
import type { MemoryOptions } from './memory.ts';
import { createMetricsService } from './metrics-service.ts';
import { createModelService } from './model-service.ts';
import { createPlanner } from './planner.ts';
import { openObserver } from './observe/observe.ts';
import { openPresets } from './preset-service.ts';
import { createProblems } from './problems.ts';
import { createReactions } from './reactions.ts';
import { createRequests } from './requests.ts';
import { createRouteTable } from './route-table.ts';
import { createRouterService, loadedOnStartup } from './router-service.ts';
import { openRuns } from './runs/runs.ts';
import { openSessions } from './sessions/open-sessions.ts';
import { sessionParts } from './sessions/parts.ts';
import { openDataDir } from './stores.ts';
import { createSystemService } from './system-service.ts';
import { openTokenService } from './token-service.ts';
import { openNotifications } from './notifications/notifications.ts';
import type { WebhookPolicy } from './notifications/webhook.ts';
import { createUsage } from './usage.ts';
import { createViews } from './views.ts';

export interface RuntimeOptions {
  dataDir: string;
  version: string;
  /** The built data plane. */
  routerScript: string;
  /** The `llamactor` program and what comes before its arguments. */
  program: readonly string[];
  /** From flags and environment; they win over the stored configuration. */
  overrides: Partial<Config>;
  /** False: whoever reaches the server may do everything; keys that are sent still count. */
  auth: boolean;
  env: NodeJS.ProcessEnv;
  /** Install an engine when none is found. */
  autoInstall: boolean;
  policy?: RestartPolicy;
  downloadPolicy?: DownloadPolicy;
  webhookPolicy?: WebhookPolicy;
  stall?: { pollMs: number; patienceMs: number };
  /** Stands in for the machine's free memory, by device. */
  freeMemory?: MemoryOptions['free'];
  now?: () => number;
}

export interface Runtime {
  services: Services;
  /** The keys that are valid now. */
  keyring: Keyring;
  /** A key that the router takes in place of a user's token, which the control plane has seen. */
  usersKey: string;
  /** A key with this id was shown to the control plane. */
  keyUsed(id: string): void;
  /** Whose token that is; rejects with UNAUTHORIZED and the reason. */
  verifyUser(token: string): Promise<User>;
  /** Who runs the commands that clients of the inference port ask for; there is none before this is called. */
  answerRouter(run: (command: string, payload: unknown, key: string | null) => Promise<CallOutcome>): void;
  /** Where the number of connected socket clients comes from. */
  countSockets(count: () => number): void;
  /** Resolves when the first scan is done and the router listens or has failed. */
  start(): Promise<void>;
  /** Ends everything that runs, within the supervisor's deadline. Views still answer and changes are still told. */
  drain(): Promise<void>;
  /** Closes documents, log and lock; after `drain`. */
  close(): Promise<void>;
}

const DETACH_MS = 300;
const LEFTOVER_MS = 2000;
const STALL = { pollMs: 15_000, patienceMs: 120_000 };
const ROUTER_START_MS = 30_000;

/** Takes the data folder and opens its documents; nothing is spawned before `start`. */
export const openRuntime = async (options: RuntimeOptions): Promise<Runtime> => {
  const now = options.now ?? Date.now;
  const { dataDir, env } = options;
  const runDir = path.join(dataDir, 'run');
  const sockets = path.join(runDir, 'sockets');
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const lock = await lockDataDir(dataDir);
  const { stores, book } = await openDataDir(dataDir, now);
  const log = book.write.bind(book);

  const pids = pidRecords(runDir);
  const guardian = startGuardian();
  const link = createRouterLink();
  const requests = createRequests();
  const problem = (message: string): void => log('error', 'server', message);
  const decisions = createDecisions({ store: stores.decisions, now, onProblem: problem });
  const measurements = createMeasurements({ store: stores.measurements, now, onProblem: problem });
  const endpoints = createEndpoints();
  const reactions = createReactions(() => ({
    system,
    library,
    models,
    memory,
    planner,
    views,
    hub,
    routes,
    endpoints,
    usage,
    requests,
    decisions,
    link,
    changes,
    keys,
    observer,
    log,
    now,
  }));
  const changes = createChangeService(() => ({
    system,
    library,
    planner,
    config,
    endpoints,
    usage,
    hub,
    sendSettings: () => link.send({ type: 'settings', settings: settingsOfRouter() }),
    rescan: reactions.rescan,
    pumpDownloads() {
      downloads.pump();
      media.pump();
    },
    applyPolicies: (by) => {
      for (const id of system.modelIds()) models.applyPolicy(id);
      routes.update(
        views.models().map((model) => ({ model, upstream: endpoints.upstream(model.id) })),
        [],
      );
      keys.refresh(by);
      observer.capturing(config.get().captureBodies);
    },
    log,
    now,
  }));
  const problems = createProblems({ now, onChange: (list) => hub.publish({ kind: 'problems', problems: list }) });
  const warn = (message: string): void => log('warn', 'server', message);
  const knownFlags = (): ReadonlySet<string> => engine.current()?.flags ?? new Set();
  const hub = createChangeHub(
    { model: (id) => views.model(id), router: () => views.router(), engine: () => views.engine() },
    (error) => log('error', 'server', `A listener failed: ${String(error)}`),
  );
  const config = createConfigService({
    stores,
    overrides: options.overrides,
    ownModelsDir: path.join(dataDir, 'models'),
    hub,
    changes,
    problems,
    running: () => ({ routerUrl: views.router().url, enginePath: views.engine().path }),
    onRefused: (message) => log('error', 'server', message),
    onSettings: (settings) => {
      applyLogSettings(book, settings);
      metrics.setBase(settings.refreshInterval * 1000);
    },
  });
  // Where the server listens is decided when it starts; the router must not go elsewhere on its own.
  const { host = config.get().host } = options.overrides;
  const settingsOfRouter = (): RouterSettings => routerSettings({ ...config.get(), host });
  const keys = createKeyService({
    store: stores.keys,
    required: () => {
      const { host, requireKeys } = config.get();
      return options.auth && (requireKeys || !isLoopback(host));
    },
    send: (message) => link.send(message),
    hub,
    log,
    now,
  });
  const tokens = await openTokenService({ dataDir, env, log, now });
  const notifications = await openNotifications({
    dataDir,
    hub,
    config: config.get,
    webhookPolicy: options.webhookPolicy,
    log,
    now,
  });
  // Before the presets, whose keys are judged by the engine's flags.
  const engine = createEnginePorts({
    dataDir,
    env,
    configuredPath: () => config.get().serverPath,
    onSkipped: (message) => log('warn', 'engine', message),
  });
  const presets = await openPresets({
    folder: path.join(dataDir, 'presets'),
    state: stores.state,
    hub,
    changes,
    problems,
    knownFlags,
    onProblem: warn,
  });
  const library = createLibrary({
    store: stores.models,
    cachePath: path.join(dataDir, 'scan-cache.json'),
    folders: () => config.folders(),
    onChange: reactions.onLibrary,
    log,
    now,
  });
  const planner = createPlanner({
    engine: engine.current,
    model: (id) => library.catalog().get(id),
    config: config.get,
    preset: presets.active,
    socketFolder: sockets,
    env,
  });
  const usage = createUsage({
    now,
    onTurn: ({ modelId, ...usage }, at) => system.send({ type: 'model.used', id: modelId, ...usage, at }),
    onChange: (id) => {
      hub.touchModel(id);
      hub.touchRouter();
    },
  });
  const memory = createMemory({
    metrics: () => sampler.current(),
    measurements,
    system: () => system,
    known: (id) => {
      const known = library.catalog().get(id);
      return known === undefined
        ? null
        : { known, parameters: endpoints.model(id)?.parameters ?? planner.parameters(known) };
    },
    free: options.freeMemory,
  });
  const views = createViews({ system: () => system, library, planner, usage, endpoints, memory });
  const routes = createRouteTable(
    (message) => link.send(message),
    () => config.get().concurrency,
  );
  const observer = await openObserver({
    dataDir,
    version: options.version,
    link,
    hub,
    models: () => views.models(),
    engine: () => views.engine(),
    sample: () => metrics.latest(),
    log,
    now,
  });
  const sampler = createSampler({
    diskPath: dataDir,
    processes: () => views.processes(),
    activeModels: () => views.loadedIds().length,
    requestsPerMinute: usage.requestsPerMinute,
    tokenRate: observer.tokenRate,
    log: (level, message) => log(level, 'server', message),
    now,
  });
  const history = await storeHistory({
    path: path.join(dataDir, 'metrics.json'),
    sampler,
    onDamaged: (info) => log('error', 'server', info.message),
    log: (level, message) => log(level, 'server', message),
  });
  const metrics = createMetricsService(sampler, stores.settings.get().refreshInterval * 1000);

  const limits = config.process();
  const common = { log, pids, guardian, now };
  const system: ActorSystem = createActorSystem({
    input: {
      autoStart: config.get().autoStart,
      autoInstall: options.autoInstall,
      preset: presets.active().name,
      policy: options.policy ?? defaultRestartPolicy,
      process: limits,
      routerProcess: { startMs: ROUTER_START_MS, stopMs: limits.stopMs + 2000, killMs: limits.killMs },
      placement: config.placement(),
      drainMs: 2 * limits.stopMs + limits.killMs + 5000,
    },
    model: {
      ...common,
      plan: planner.plan,
      planned: endpoints.planned,
      gives: endpoints.gives,
      detach: (id, reason) => link.detach(id, reason, DETACH_MS),
      inFlight: usage.inFlight,
      stall: options.stall ?? STALL,
    },
    probe: { target: endpoints.model, now },
    router: {
      ...common,
      script: options.routerScript,
      link,
      settings: settingsOfRouter,
      routes: routes.all,
      keys: keys.message,
      listening: (address) => {
        endpoints.routerListens(address);
        if (address === null) usage.reset();
      },
      graceMs: () => config.process().stopMs,
    },
    findEngine: engine.find,
    installEngine: engine.install,
    onModel: reactions.onModel,
    onRouter: reactions.onRouter,
    onEngine: () => hub.touchEngine(),
    onEmitted: reactions.onEmitted,
    onError: (error) =>
      log(
        'error',
        'server',
        `An actor failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      ),
  });

  const models = createModelService({
    library,
    system,
    planner,
    requests,
    config,
    changes,
    endpoints,
    given: endpoints.given,
    knownFlags,
    view: views.model,
    memory,
    now,
  });
  const downloads = createDownloads({
    store: stores.downloads,
    http: downloadHttp({ env }),
    fs: nodeFs,
    policy: options.downloadPolicy ?? defaultDownloadPolicy,
    modelsDir: () => config.folders()[0] ?? path.join(dataDir, 'models'),
    most: () => config.get().downloadsMax,
    fitOf: (bytes) => fitOf(bytes, metrics.latest(), config.placement().reserve.ram),
    hub,
    async adopt(file) {
      await library.scan({ restoreHidden: false, by: null });
      return (
        library
          .catalog()
          .all()
          .find((known) => known.file?.path === file)?.id ?? null
      );
    },
    log,
    now,
  });
  const media = await openMedia({ dataDir, env, config, pids, guardian, hub, log, now });
  const runs = await openRuns({
    folder: path.join(dataDir, 'runs'),
    store: stores.runs,
    config: config.get,
    env,
    program: options.program,
    models,
    router: views.router,
    routerKey: () => (keys.required() ? keys.own() : null),
    limiter: createRunLimiter({ redisUrl: env['REDIS_URL'] ?? null, onProblem: warn }),
    stopMs: limits.stopMs,
    hub,
    pids,
    guardian,
    log,
    now,
  });
  const approvals = createApprovals({
    store: stores.approvals,
    audit: await openAudit({ folder: path.join(dataDir, 'audit'), onProblem: problem }),
    hub,
    log,
    now,
    newId: randomUUID,
  });
  const mcp = await openMcp({
    dataDir,
    env,
    version: options.version,
    policy: options.policy ?? defaultRestartPolicy,
    hub,
    pids,
    guardian,
    log,
    now,
  });
  const answering = {
    models: views.models,
    find: models.find,
    nearest: models.nearest,
    routerUrl: endpoints.routerUrl,
    key: keys.own(),
  };
  const channels = await openChannels({
    dataDir,
    limits: () => ({ channels: config.get().channelsMax, messages: config.get().channelMessages }),
    answering,
    // A channel is nobody's, so that whoever is asked is whoever looks after the server.
    tools: { servers: mcp.service, ask: (wish, asked) => approvals.ask(wish, { owner: SHARED_OWNER, ...asked }) },
    publish: hub.publish,
    log,
    now,
  });
  const sessionFiles = await openFileShelf({ dataDir, most: () => config.get()['sessions.uploadMax'], log, now });
  const sessions = await openSessions({
    dataDir,
    approvals,
    config: config.get,
    hub,
    log,
    now,
    newId: randomUUID,
    ...sessionParts({
      browser: { pids, guardian, env, warn, now },
      ...{ answering, files: sessionFiles, config: config.get, env },
    }),
  });
  link.onMessage(reactions.onRouterMessage);
  book.subscribe((entry) => hub.publish({ kind: 'log', entry }));
  followLog(link, book);
  sampler.subscribe((sample) => {
    reactions.onMetrics(sample);
    hub.publish({ kind: 'metrics', metrics: sample });
  });

  const services: Services = {
    models,
    router: createRouterService({
      system,
      requests,
      config,
      library,
      changes,
      presets,
      models,
      metrics: metrics.latest,
      view: views.router,
      now,
    }),
    engine: createEngineService({ dataDir, env, system, requests, config, view: views.engine }),
    downloads,
    media,
    runs,
    approvals,
    sessions,
    sessionFiles,
    config,
    settings: config.settings,
    presets,
    imports: createImportService({ library, models, config, knownFlags }),
    keys,
    tokens,
    notifications,
    projects: { update: (room, data, by) => hub.publish({ kind: 'project', room, data, by }) },
    logs: createLogService(book, hub),
    metrics: { ...metrics, text: observer.metricsText },
    ...observer.services,
    decisions: { list: decisions.list },
    channels: channels.channels,
    agents: channels.agents,
    mcp: mcp.service,
    system: createSystemService({
      version: options.version,
      dataDir,
      models: views.models,
      router: views.router,
      engine: views.engine,
    }),
    inspector: createInspector(() => [system.root, runs.actor, mcp.root], now, sessions),
    snapshot() {
      // What is collected is told first, so that nothing in the snapshot comes again after it.
      hub.flush();
      return {
        seq: hub.seq(),
        serverTime: now(),
        version: options.version,
        models: views.models(),
        router: views.router(),
        engine: views.engine(),
        downloads: downloads.list(),
      };
    },
    subscribe: hub.subscribe,
  };

  let edits: { close(): Promise<void> } | null = null;
  const restore = (): void => {
    for (const id of loadedOnStartup(presets.active(), library)) models.demand(id, 'server');
    if (!config.get().restoreModels) return;
    for (const id of library.wanted()) models.demand(id, 'server');
  };

  return {
    services,
    keyring: keys.ring,
    usersKey: keys.own(),
    keyUsed: keys.used,
    verifyUser: tokens.verify,
    answerRouter(run) {
      link.onMessage((message) => {
        if (message.type !== 'call') return;
        void run(message.command, message.payload, message.key).then((outcome) =>
          link.send({ type: 'answer', token: message.token, outcome }),
        );
      });
    },
    countSockets: observer.countSockets,
    async start() {
      const { ended, killed } = await pids.endLeftovers({ deadlineMs: LEFTOVER_MS });
      for (const { owner, pid } of [...ended, ...killed])
        log('warn', 'server', `Ended process ${pid} (${owner}), left over from an earlier run.`);
      await rm(sockets, { recursive: true, force: true });
      await mkdir(path.join(dataDir, 'models'), { recursive: true });
      const routerSettled = config.get().autoStart ? settled(system.router) : Promise.resolve();
      system.start();
      sampler.start();
      await library.scan({ restoreHidden: false, by: 'server' });
      if (library.catalog().all().length === 0) await offerDemo(dataDir, library, log);
      await library.watch();
      edits = await watchEdits({
        dataDir,
        onConfig: config.reread,
        onPresets: presets.reread,
        onProblem: warn,
      });
      downloads.begin();
      await media.begin();
      await runs.begin();
      await approvals.begin();
      await sessions.begin();
      await mcp.begin();
      await sessionFiles.begin(sessions.filesInUse);
      await routerSettled;
      restore();
    },
    async drain() {
      reactions.draining();
      requests.abandon('The server is stopping.');
      sampler.stop();
      // Before the models that they may be talking to.
      await sessions.drain();
      approvals.drain();
      await runs.drain();
      await channels.drain();
      await mcp.drain();
      system.send({ type: 'system.stop', at: now() });
      await Promise.all([system.stopped, media.drain()]);
      system.kill();
      hub.flush();
    },
    async close() {
      await edits?.close();
      await channels.close();
      await downloads.close();
      await media.close();
      await runs.close();
      await sessions.close();
      await sessionFiles.close();
      await approvals.close();
      await mcp.close();
      await library.close();
      await history.stop();
      await observer.close();
      await decisions.close();
      await notifications.close();
      await keys.close();
      await stores.close();
      log('info', 'server', 'Stopped.');
      await book.close();
      guardian.close();
      await lock.release();
    },
  };
};

const routerSettings = ({
  host,
  routerPort,
  queueTimeout,
  queueLimit,
  allowedHosts,
  allowedOrigins,
  captureBodies,
  captureBytes,
}: Config): RouterSettings => ({
  host,
  port: routerPort,
  queueTimeoutMs: queueTimeout * 1000,
  queueLimit,
  allowedHosts,
  allowedOrigins,
  captureBodies,
  captureBytes,
});

/** Resolves when the router listens or has failed for the first time. */
const settled = (router: ActorSystem['router']): Promise<void> =>
  new Promise((resolve) => {
    const subscription = router.subscribe(({ value }) => {
      if (value !== 'loaded' && value !== 'error') return;
      subscription.unsubscribe();
      resolve();
    });
  });
