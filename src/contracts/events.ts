/** What the server sends on its own, and the shapes of the two reply styles. */
import type { ErrorCode } from './errors.ts';
import type { ProblemView } from './changes.ts';
import type { ApprovalView } from './approvals.ts';
import type { MediaToolView, MediaView } from './media.ts';
import type { DownloadView } from './downloads.ts';
import type { AgentView, ChannelEvents, ChannelView } from './channels.ts';
import type { Config, Settings } from './config.ts';
import type { KeyView } from './keys.ts';
import type { NotificationMessage, NotificationView } from './notifications.ts';
import type { McpServerView } from './mcp.ts';
import type { LogUpdate } from './log-stream.ts';
import type { ActivityView } from './activity.ts';
import type { ClaudeEvents } from './claude.ts';
import type { RunPieceView, RunView } from './runs.ts';
import type { SessionEntryView, SessionFrame, SessionStatusEvent, SessionView } from './sessions.ts';
import type {
  DecisionView,
  EngineView,
  InspectorFrameView,
  LiveChangeView,
  MetricsView,
  ModelView,
  PresetView,
  RouterView,
} from './views.ts';

/** Style A (seed 000). `code` is the internal code; the seed knows only `error`. */
export type AckReply =
  | { success: true; data: unknown; timestamp: string }
  | { success: false; error: string; code: ErrorCode; timestamp: string };

export interface EnvelopeError {
  /** `<VERB>_<DOMAIN>_FAILED`. */
  code: string;
  message: string;
  /** The internal code, the same over every transport. */
  reason: ErrorCode;
  retryAfter?: number;
  details?: Record<string, unknown>;
}

/** Style B (seed 001). */
export interface EnvelopeReply<T = unknown> {
  type: 'response';
  event: string;
  success: boolean;
  data: T | null;
  error: EnvelopeError | null;
  requestId: string | number;
  timestamp: number;
}

export interface EnvelopeRequest {
  type: 'request';
  event: string;
  data?: unknown;
  requestId?: string | number;
  timestamp?: number;
  version?: string;
}

/** A broadcast is read by both dialects: the envelope around `data`, and the fields of seed 000 at the top level. */
export type Broadcast<T extends object> = { type: 'broadcast'; event: string; data: T; timestamp: number } & Partial<T>;

/** Payload (`data`) of every broadcast by event name. */
export interface BroadcastData {
  'models:list': { models: ModelView[] };
  'models:scanned': { scanned: number; total: number };
  'models:updated': { model: ModelView; models: ModelView[] };
  'models:created': { model: ModelView };
  'models:deleted': { modelId: string };
  'models:status': { modelId: string; status: string; model: ModelView };
  'router:status': {
    status: string;
    running: boolean;
    loadedModel: string | null;
    loadedModels: string[];
    router: RouterView;
    error?: string;
  };
  'llama:status': {
    status: string;
    lastError: string | null;
    uptime: number;
    startedAt: number | null;
    models: string[];
  };
  'config:updated': { config: Config };
  'config:problems': { problems: ProblemView[] };
  'settings:updated': { settings: Settings };
  'presets:updated': { presets: PresetView[] };
  'engine:updated': { engine: EngineView };
  'downloads:updated': { download: DownloadView };
  'downloads:removed': { downloadId: string };
  /** Only to the sockets of its owner. */
  'approvals:updated': { approval: ApprovalView };
  /** Only to its owner. */
  'media:updated': { media: MediaView };
  'media:removed': { mediaId: string };
  'media:tools-updated': { tools: MediaToolView[] };
  /** Only to sockets that may administer. */
  'keys:updated': { keys: KeyView[]; required: boolean };
  /** To the same people as the notification: one that was told before has been counted up, or somebody has read some. */
  'notifications:updated': { notification: NotificationView | null; read: string[]; unread: number | null };
  /** Only to the sockets of its owner, as the next. */
  'runs:updated': { run: RunView };
  'runs:removed': { runId: string };
  /** Only to the sockets of its owner, as the next two. */
  'sessions:updated': { session: SessionView };
  /** A new entry of its transcript, or one that has changed: it has the same `seq` then. */
  'sessions:entry': { sessionId: string; entry: SessionEntryView };
  'sessions:removed': { sessionId: string };
  'decisions:updated': { decision: DecisionView };
  'logs:cleared': { cleared: number };
  'logs:entry': {
    entry: { id: string; timestamp: string; level: string; message: string; context: { source: string } };
  };
  'metrics:update': { metrics: MetricsView };
  /** Only to sockets that subscribed. `skipped` counts those left out of a burst. */
  'activity:added': { requests: ActivityView[]; skipped: number };
  /** Only to sockets that subscribed, as `channels:removed`. */
  'channels:updated': { channel: ChannelView };
  'channels:removed': { channelId: string };
  'agents:updated': { agents: AgentView[] };
  'mcp:updated': { servers: McpServerView[] };
}
export type BroadcastName = keyof BroadcastData;

/** Sent without the broadcast envelope: to subscribers, or to one socket. */
export interface DirectEvents extends ClaudeEvents, ChannelEvents {
  'live:change': LiveChangeView;
  /** Only to sockets that follow the run. */
  'runs:piece': { id: string; piece: RunPieceView };
  /** Only to sockets that watch the session; what does not fit is left out. */
  'sessions:frame': SessionFrame;
  /** Only to the active client of its owner. */
  sessionStatus: SessionStatusEvent;
  /** To those who follow the log. */
  log_update: LogUpdate;
  messageAck: { clientMessageId?: string; messageId: string; status: string };
  'inspector:frames': { frames: InspectorFrameView[] };
  /** To the members of a room: the room, and whatever fields came with it. */
  projectUpdate: { room: string } & Record<string, unknown>;
  /** To its user, or to everybody who may observe; in `/notifications` too. */
  notification: NotificationMessage;
  /** Greetings, in this order. */
  welcome: { message: string; socketId: string; serverTime: string };
  'connection:established': { clientId: string; serverTime: number; version: string; timestamp: number };
  connection_established: { message: string; socketId: string; agentId?: string };
  authenticated: { userId: string; email?: string; authenticatedAt: string };
  authError: { message: string };
}
