/** What commands need from the running system. The runtime implements it; tests may implement a part. */
import type { Apply, ChangeEffectView, ConfigRow, EffectiveRow, ProblemView } from '../contracts/changes.ts';
import type {
  ActivitySummaryView,
  ActivityView,
  CaptureView,
  RequestView,
  TimelineView,
} from '../contracts/activity.ts';
import type { AllowanceView, ApprovalAnswer, ApprovalView, AuditEntryView } from '../contracts/approvals.ts';
import type { Config, Settings } from '../contracts/config.ts';
import type { CommandPayload, ExplainView, HealthView, ImportReport, InfoView } from '../contracts/commands.ts';
import type { DownloadOptionsView, DownloadView } from '../contracts/downloads.ts';
import type { MemberView } from '../contracts/channels.ts';
import type { LogStreamFilter } from '../contracts/log-stream.ts';
import type { KeyView } from '../contracts/keys.ts';
import type { NewNotification, NotificationView, WebhookView } from '../contracts/notifications.ts';
import type { By } from './by.ts';
import type { McpService } from './mcp-service.ts';
import type { McpServerView } from '../contracts/mcp.ts';
import type { MediaService } from './media-service.ts';
import type { SessionCaller, SessionChange, SessionFileService, SessionService } from './session-service.ts';
import type { MediaToolView, MediaView } from '../contracts/media.ts';
import type { NewToken, User } from '../contracts/users.ts';
import type {
  RunLimitsView,
  RunOutputView,
  RunPieceView,
  RunResponse,
  RunToolView,
  RunView,
} from '../contracts/runs.ts';
import type { AgentsService, ChannelChange, ChannelPage, ChannelsService } from './channel-services.ts';
import type {
  DecisionView,
  EngineView,
  InspectedActorView,
  InspectorFrameView,
  LogEntryView,
  LogLevel,
  MetricsView,
  ModelView,
  PresetView,
  RouterView,
  SnapshotView,
} from '../contracts/views.ts';

export type { AgentsService, ChannelChange, ChannelPage, ChannelsService, McpService };

export type { By };
export type { SessionCaller };

/** Whose a run is: `user:<id>`, `key:<id>`, or `local` for the person at this machine. */
export type RunOwner = string;

export interface RunWish {
  prompt: string;
  systemPrompt?: string | undefined;
  model?: string | undefined;
  maxTokens?: number | undefined;
  /** Must lie in an allowed folder; absent is a folder of its own. */
  cwd?: string | undefined;
  timeoutMs?: number | undefined;
  tool?: string | undefined;
  room?: string | undefined;
}

/** What happened to a run, and what goes with it. */
export type RunNews =
  | { what: 'queued' | 'started' | 'activity' }
  /** The whole of what is kept of its output; null in place of an output that could not be read. */
  | { what: 'ended'; stdout: string; stderr: string; response: RunResponse | null };

export type ApprovalWish = CommandPayload<'approvals:request'>;

/** Who asks or answers: whose questions these are, and who it is in words. */
export interface ApprovalCaller {
  owner: string;
  who: string;
  by: By;
}

/** Every method refuses with a CodedError, changes nothing then, and has a deadline of its own. */
export interface Services {
  models: {
    list(): ModelView[];
    /** By id, name with or without `.gguf`, or alias. */
    find(ref: string): ModelView | undefined;
    /** Names closest to `ref`, nearest first, for messages. */
    nearest(ref: string): string[];
    scan(options: {
      path?: string;
      restoreHidden: boolean;
      by: By;
    }): Promise<{ found: number; added: number; updated: number; removed: number }>;
    /** Resolves when loaded; rejects with the cause when it failed or was unloaded meanwhile. */
    load(id: string, by: By): Promise<ModelView>;
    unload(id: string, by: By): Promise<ModelView>;
    create(model: CommandPayload<'models:create'>['model'], by: By): Promise<ModelView>;
    /** `apply` is when a loaded model takes it; when it is idle, by default. */
    update(id: string, updates: CommandPayload<'models:update'>['updates'], by: By, apply?: Apply): Promise<ModelView>;
    preview(id: string, updates: CommandPayload<'models:update'>['updates'], apply: Apply): ChangeEffectView[];
    /** Every parameter as it was asked for and as the engine gave it. */
    effective(id: string): EffectiveRow[];
    removeRecord(id: string, by: By): Promise<void>;
    deleteFile(id: string, by: By): Promise<void>;
    explain(id: string): ExplainView;
  };
  router: {
    view(): RouterView;
    /** CPU percent and memory bytes of the newest sample; zeros when it is stopped. */
    usage(): { cpu: number; memory: number };
    /** Resolves when loaded. */
    start(by: By): Promise<void>;
    /** Resolves when stopped. */
    stop(by: By): Promise<void>;
    /** Resolves as soon as the restart has begun; the completion shows as a change. */
    restart(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL', by: By): Promise<void>;
    /** Resolves as soon as the start has begun; NOT_FOUND for an unknown preset. */
    startWithPreset(preset: string, by: By, apply?: Apply): Promise<void>;
  };
  engine: {
    view(): EngineView;
    install(by: By): Promise<EngineView>;
    use(path: string, by: By): Promise<EngineView>;
  };
  downloads: {
    /** Newest first. */
    list(): DownloadView[];
    /** Resolves when the wish is on disk. The same wish twice is one download; a failed one is tried again. */
    start(wish: CommandPayload<'downloads:start'>, by: By): Promise<DownloadView>;
    options(source: string): Promise<DownloadOptionsView>;
    /** Resolves when nothing of it runs and its parts are removed. */
    cancel(id: string, by: By): Promise<DownloadView>;
    retry(id: string, by: By): Promise<DownloadView>;
    remove(id: string, by: By): Promise<void>;
  };
  runs: {
    /** Those of `owner`, newest first. */
    list(owner: RunOwner, limit: number): RunView[];
    /** NOT_FOUND, or FORBIDDEN when it belongs to somebody else; so does every method that takes an id. */
    get(id: string, owner: RunOwner): RunView;
    prompt(id: string, owner: RunOwner): Promise<string>;
    /** Pieces from `from` on, about `mostChars` characters of text (a million). */
    output(id: string, owner: RunOwner, from: number, mostChars?: number): Promise<RunOutputView>;
    /**
     * Resolves when it is noted; QUEUE_FULL when too many wait. `limited` counts it against what its owner may ask for in a
     * minute; RATE_LIMITED beyond that. What is refused for another reason than a full queue does not count.
     */
    start(wish: RunWish, owner: RunOwner, by: By, options?: { limited?: boolean }): Promise<RunView>;
    /** Those of `owner` that ended with an earlier server, once: nobody could be told of their end. */
    interrupted(owner: RunOwner): RunView[];
    /** Resolves when it has ended, or a moment after it was told to; INVALID_STATE when it ended otherwise. */
    cancel(id: string, owner: RunOwner, by: By): Promise<RunView>;
    remove(id: string, owner: RunOwner, by: By): Promise<void>;
    tools(): RunToolView[];
    limits(): RunLimitsView;
    /** Hears of every piece that any run writes, at once. Bulk, so it takes no part in the changes below. */
    onPiece(listener: (id: string, piece: RunPieceView, owner: RunOwner) => void): () => void;
  };
  approvals: {
    /** All of `owner` that wait, then the last `limit` that are settled; newest first. */
    list(owner: string, limit: number): ApprovalView[];
    allowances(owner: string): AllowanceView[];
    /** Resolves when it is on disk; QUEUE_FULL when too many wait. */
    request(wish: ApprovalWish, caller: ApprovalCaller): Promise<ApprovalView>;
    /** Resolves when it is settled, or as it is after `waitMs`. NOT_FOUND, as from every method that takes an id. */
    wait(id: string, owner: string, waitMs: number): Promise<ApprovalView>;
    /** Resolves when the answer is on disk; INVALID_STATE when another came first. */
    approve(id: string, answer: ApprovalAnswer, why: string, caller: ApprovalCaller): Promise<ApprovalView>;
    reject(id: string, why: string, caller: ApprovalCaller): Promise<ApprovalView>;
    cancel(id: string, caller: ApprovalCaller): Promise<ApprovalView>;
    /** Ends an allowance. */
    revoke(id: string, caller: ApprovalCaller): Promise<void>;
    /** Newest first. */
    audit(owner: string, limit: number, before?: string): { entries: AuditEntryView[]; more: boolean };
  };
  config: {
    get(): Config;
    update(patch: Partial<Config>, by: By, apply?: Apply): Promise<Config>;
    preview(patch: Partial<Config>, apply: Apply): ChangeEffectView[];
    /** Every key as it is stored and as it counts, in the contract's order. */
    rows(): ConfigRow[];
    /** Files that were edited and cannot be used. */
    problems(): ProblemView[];
  };
  settings: { get(): Settings; update(patch: Partial<Settings>, by: By): Promise<Settings> };
  presets: {
    list(): Promise<PresetView[]>;
    get(name: string): Promise<PresetView>;
    save(name: string, ini: string, by: By, apply?: Apply): Promise<PresetView>;
    preview(name: string, ini: string, apply: Apply): ChangeEffectView[];
    delete(name: string, by: By): Promise<void>;
  };
  imports: {
    /** INVALID_PAYLOAD with the line for what is no such file. */
    llamaSwap(request: CommandPayload<'import:llama-swap'>, by: By): Promise<ImportReport>;
  };
  keys: {
    list(): KeyView[];
    /** Whether nobody gets in without one. */
    required(): boolean;
    /** Resolves when it is durable and lets its holder in; `secret` is the key itself and is nowhere else. */
    create(wanted: CommandPayload<'keys:create'>, by: By): Promise<{ key: KeyView; secret: string }>;
    /** By id or name. Resolves when it lets nobody in any more, on either plane. */
    revoke(ref: string, by: By): Promise<{ id: string; name: string }>;
  };
  media: MediaService;
  sessions: SessionService;
  sessionFiles: SessionFileService;
  tokens: {
    /** INVALID_PAYLOAD when it would have expired already. */
    create(wanted: NewToken, by: By): Promise<{ token: string; user: User }>;
  };
  notifications: {
    /** Resolves when it is on disk and has been told. */
    send(wanted: NewNotification): Promise<NotificationView>;
    /** Newest first. NOT_FOUND when `before` is not kept any more. */
    list(
      reader: RunOwner,
      filter: CommandPayload<'notifications:list'>,
    ): { notifications: NotificationView[]; unread: number; more: boolean };
    /** Resolves when it is on disk. */
    read(reader: RunOwner, ids: readonly string[] | 'all'): Promise<{ read: string[]; unread: number }>;
    webhook(): WebhookView;
  };
  projects: {
    /** Tells the members of a room. */
    update(room: string, data: Record<string, unknown>, by: By): void;
  };
  logs: {
    /** Newest first. `match` says whether `level` is that level alone (as by default) or that one and the more serious ones. */
    query(filter: {
      limit: number;
      offset: number;
      level?: LogLevel;
      match?: 'exact' | 'minimum';
      source?: string;
    }): LogEntryView[];
    clear(by: By): number;
    write(level: LogLevel, source: string, message: string): void;
  };
  metrics: {
    current(): Promise<MetricsView>;
    history(filter: { limit: number; hours: number }): MetricsView[];
    /** Makes the sampler run at least this often while the returned function has not been called. */
    demand(intervalMs: number): () => void;
    /** The control plane's own metrics in the Prometheus text format. */
    text(): string;
  };
  activity: {
    /** Newest first. `model` is an id. NOT_FOUND when `before` is not kept any more. */
    list(filter: CommandPayload<'activity:list'>): { requests: ActivityView[]; more: boolean };
    summary(filter: CommandPayload<'activity:summary'>): ActivitySummaryView;
    /** NOT_FOUND when nothing is kept of it. */
    capture(id: string): CaptureView;
  };
  requests: {
    /** Empty when no router runs. */
    list(): Promise<{ requests: RequestView[]; total: number }>;
    /** Resolves when its client is being told; NOT_FOUND when it is over already. */
    cancel(id: string): Promise<void>;
  };
  timeline: { get(hours: number): TimelineView };
  decisions: { list(limit: number): DecisionView[] };
  channels: ChannelsService;
  agents: AgentsService;
  mcp: McpService;
  system: { info(): InfoView; health(): HealthView };
  inspector: {
    actors(): InspectedActorView[];
    /** Each machine with its definition as JSON. */
    machines(): { id: string; definition: string }[];
    /** Number of the last frame. */
    seq(): number;
    /** Frames in batches until the returned function is called; without a watcher nothing is recorded. */
    watch(listener: (frames: InspectorFrameView[]) => void): () => void;
  };
  /** Current state with the `seq` of the last change published. */
  snapshot(): SnapshotView;
  /** Calls back, once per event-loop turn at most, with what changed; never for something that looks the same as before. */
  subscribe(listener: (changes: readonly DomainChange[], seq: number) => void): () => void;
}

/** A fact the broadcaster turns into events. `by` is null when nobody asked for it (a crash, a file that vanished). */
export type DomainChange =
  | { kind: 'model'; model: ModelView; previous: ModelView | null; by: By | null }
  | { kind: 'model.created'; model: ModelView; by: By | null }
  | { kind: 'model.removed'; modelId: string; by: By | null }
  | { kind: 'models.scanned'; scanned: number; total: number; by: By | null }
  | { kind: 'router'; router: RouterView; by: By | null }
  | { kind: 'engine'; engine: EngineView; by: By | null }
  | { kind: 'download'; download: DownloadView; by: By | null }
  | { kind: 'download.removed'; id: string; by: By | null }
  /** Only for its owner. */
  | { kind: 'run'; run: RunView; owner: RunOwner; news: RunNews; by: By | null }
  | { kind: 'run.removed'; id: string; owner: RunOwner; by: By | null }
  /** A question is asked (`pending`) or settled. Only for its owner. */
  | { kind: 'approval'; approval: ApprovalView; owner: string; by: By | null }
  | { kind: 'config'; config: Config; by: By | null }
  | { kind: 'settings'; settings: Settings; by: By | null }
  | { kind: 'problems'; problems: ProblemView[] }
  | { kind: 'presets'; presets: PresetView[]; by: By | null }
  | { kind: 'keys'; keys: KeyView[]; required: boolean; by: By | null }
  | { kind: 'media'; media: MediaView; by: By | null }
  | { kind: 'media.removed'; id: string; owner: string; by: By | null }
  | { kind: 'media.tools'; tools: MediaToolView[]; by: By | null }
  | { kind: 'project'; room: string; data: Record<string, unknown>; by: By | null }
  /** `owner` null is everybody; `fresh`: nobody was told of the same a short time ago. */
  | { kind: 'notification'; notification: NotificationView; owner: RunOwner | null; fresh: boolean }
  | { kind: 'notifications.read'; reader: RunOwner; read: string[]; unread: number }
  | { kind: 'decision'; decision: DecisionView; by: By | null }
  | { kind: 'logs.cleared'; cleared: number; by: By | null }
  | { kind: 'log'; entry: LogEntryView }
  | { kind: 'metrics'; metrics: MetricsView }
  | { kind: 'mcp'; servers: McpServerView[]; by: By | null }
  | ChannelChange
  | SessionChange
  | { kind: 'activity'; requests: ActivityView[]; skipped: number };

/** What a socket can follow besides the broadcasts. */
export type Topic = 'live' | 'inspector' | 'activity' | 'channels' | `media:${string}` | `session:${string}`;

/** The socket behind a call, for commands that subscribe. */
export interface Connection {
  id: string;
  join(topic: Topic): void;
  leave(topic: Topic): void;
  /** Whether it has joined the room that people call so. */
  isIn(room: string): boolean;
  /** Hears from now on what is said in this channel, and is one of its members unless `who` is null. */
  joinChannel(channelId: string, who: MemberView | null): void;
  leaveChannel(channelId: string): void;
  /** Sends the entries that pass as `log_update`, beginning after the one with the id `after`; null ends it. */
  followLogs(filter: LogStreamFilter | null, after: string | null): void;
  /** Own metrics interval in ms, or null for the common one. */
  metricsEvery(interval: number | null): void;
  /** Pieces of this run are held back until `begin`, and those from `next` on handed on when the present call was answered. */
  followRun(id: string): { begin(next: number): void };
  unfollowRun(id: string): void;
}
