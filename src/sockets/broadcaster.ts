/** Turns domain changes into the events of both seeds and into `live:change`. */
import type { Server } from 'socket.io';
import type { LiveChange, ModelView } from '../contracts/views.ts';
import type { DomainChange, Services } from '../commands/services.ts';
import { configView, logBroadcastEntry } from '../projections/dialects.ts';
import { AUDIENCE } from './admission.ts';
import { createLogFlood } from './log-flood.ts';
import { createMediaAudience } from './media-audience.ts';
import type { MediaAudience } from './media-audience.ts';
import { publishMedia } from './media-broadcasts.ts';
import { createMetricsAudience } from './metrics-audience.ts';
import { createModelBroadcasts } from './model-broadcasts.ts';
import { createRouterBroadcasts } from './router-broadcasts.ts';
import { namedRoom, ownerRoom, userRoom } from './rooms.ts';
import { createTopicAudience } from './topic-audience.ts';
import type { Emitter } from './emitter.ts';
import { publishPieces, publishRun } from './run-broadcasts.ts';
import { publishSession } from './session-broadcasts.ts';
import type { MetricsAudience } from './metrics-audience.ts';
import type { TopicAudience } from './topic-audience.ts';

export const LIVE_ROOM = '@live';
const INSPECTOR_ROOM = '@inspector';
export const ACTIVITY_ROOM = '@activity';

/** Kinds after which the lists of models or the router's status may read differently. */
const touchesModels = ({ kind }: DomainChange): boolean =>
  kind === 'model' ||
  kind === 'model.created' ||
  kind === 'model.removed' ||
  kind === 'models.scanned' ||
  kind === 'router';

/**
 * The models as they were told. Keeping the views that came with the changes, in place of asking for all of them each time,
 * keeps their identity and with it their shapes per dialect.
 */
const createRoll = (initial: readonly ModelView[]) => {
  const views = new Map(initial.map((model) => [model.id, model]));
  return {
    list: (): readonly ModelView[] => [...views.values()],
    apply: (change: DomainChange): void => {
      if (change.kind === 'model' || change.kind === 'model.created') views.set(change.model.id, change.model);
      else if (change.kind === 'model.removed') views.delete(change.modelId);
    },
  };
};

const liveChange = (change: DomainChange): LiveChange[] => {
  switch (change.kind) {
    case 'model':
    case 'model.created':
      return [{ kind: 'model', model: change.model }];
    case 'model.removed':
      return [{ kind: 'model.removed', id: change.modelId }];
    case 'router':
      return [{ kind: 'router', router: change.router }];
    case 'engine':
      return [{ kind: 'engine', engine: change.engine }];
    case 'download':
      return [{ kind: 'download', download: change.download }];
    case 'download.removed':
      return [{ kind: 'download.removed', id: change.id }];
    default:
      return [];
  }
};

export interface Broadcaster {
  metrics: MetricsAudience;
  inspector: TopicAudience;
  media: MediaAudience;
  close(): void;
}

/** Subscribes to the services and sends until closed. */
export const createBroadcaster = (services: Services, emitter: Emitter, io: Server): Broadcaster => {
  const start = { router: services.router.view(), models: services.models.list() };
  const roll = createRoll(start.models);
  const models = createModelBroadcasts(emitter, start.models);
  const router = createRouterBroadcasts(emitter, start);
  const metrics = createMetricsAudience(emitter, services.metrics, services.settings.get().refreshInterval * 1000);
  // Sending an entry must never write one: that would feed the log with itself.
  const flood = createLogFlood((entry) => emitter.broadcast('logs:entry', { entry: logBroadcastEntry(entry) }));
  const inspector = createTopicAudience(INSPECTOR_ROOM, () =>
    services.inspector.watch((frames) => emitter.direct('inspector:frames', { frames }, INSPECTOR_ROOM)),
  );
  const media = createMediaAudience(io, services.media);
  const stopPieces = publishPieces(emitter, services);
  let liveSeq = services.snapshot().seq;

  const publishLive = (changes: readonly DomainChange[], seq: number): void => {
    const live = changes.flatMap(liveChange);
    // An increment without content still closes the gap that its number would leave.
    if (live.length === 0 && seq === liveSeq) return;
    liveSeq = seq;
    emitter.direct('live:change', { seq, changes: live }, LIVE_ROOM);
  };

  const publishNotification = ({
    notification,
    owner,
    fresh,
  }: Extract<DomainChange, { kind: 'notification' }>): void => {
    const { userId, count: _count, read: _read, ...message } = notification;
    // A user is told whatever their token lets them see besides.
    const room = owner === null ? AUDIENCE.observe : userId === null ? ownerRoom(owner) : userRoom(userId);
    if (fresh) emitter.direct('notification', message, room, { also: '/notifications' });
    else
      emitter.broadcast(
        'notifications:updated',
        { notification, read: [], unread: null },
        { room, also: '/notifications' },
      );
  };

  const publishOther = (change: DomainChange): void => {
    switch (change.kind) {
      case 'engine':
        emitter.broadcast('engine:updated', { engine: change.engine }, { by: change.by });
        break;
      case 'download':
        emitter.broadcast('downloads:updated', { download: change.download }, { by: change.by });
        break;
      case 'download.removed':
        emitter.broadcast('downloads:removed', { downloadId: change.id }, { by: change.by });
        break;
      case 'run':
      case 'run.removed':
        publishRun(emitter, change);
        break;
      case 'session':
      case 'session.entry':
      case 'session.removed':
        publishSession(emitter, change);
        break;
      case 'approval':
        emitter.broadcast(
          'approvals:updated',
          { approval: change.approval },
          { by: change.by, room: ownerRoom(change.owner) },
        );
        break;
      case 'config':
        emitter.broadcast('config:updated', { config: configView(change.config) }, { by: change.by });
        break;
      case 'problems':
        emitter.broadcast('config:problems', { problems: change.problems });
        break;
      case 'settings':
        metrics.setCommon(change.settings.refreshInterval * 1000);
        emitter.broadcast('settings:updated', { settings: change.settings }, { by: change.by });
        break;
      case 'presets':
        emitter.broadcast('presets:updated', { presets: change.presets }, { by: change.by });
        break;
      case 'keys':
        emitter.broadcast(
          'keys:updated',
          { keys: change.keys, required: change.required },
          { by: change.by, room: AUDIENCE.admin },
        );
        break;
      case 'media':
      case 'media.removed':
      case 'media.tools':
        publishMedia(emitter, change);
        break;
      case 'mcp':
        emitter.broadcast('mcp:updated', { servers: change.servers }, { by: change.by });
        break;
      case 'project':
        emitter.direct('projectUpdate', { ...change.data, room: change.room }, namedRoom(change.room), {
          by: change.by,
        });
        break;
      case 'notification':
        publishNotification(change);
        break;
      case 'notifications.read':
        emitter.broadcast(
          'notifications:updated',
          { notification: null, read: change.read, unread: change.unread },
          { room: ownerRoom(change.reader), also: '/notifications' },
        );
        break;
      case 'decision':
        emitter.broadcast('decisions:updated', { decision: change.decision }, { by: change.by });
        break;
      case 'logs.cleared':
        emitter.broadcast('logs:cleared', { cleared: change.cleared }, { by: change.by });
        break;
      case 'log':
        flood.push(change.entry);
        break;
      case 'activity': {
        const { requests, skipped } = change;
        emitter.broadcast('activity:added', { requests, skipped }, { room: ACTIVITY_ROOM });
        break;
      }
      case 'metrics':
        metrics.publish(change.metrics);
        break;
      default:
        break;
    }
  };

  const stop = services.subscribe((changes, seq) => {
    publishLive(changes, seq);
    if (changes.some(touchesModels)) {
      for (const change of changes) roll.apply(change);
      const now = roll.list();
      models.publish(changes, now);
      router.publish(changes, services.router.view(), now);
    }
    for (const change of changes) publishOther(change);
  });

  return {
    metrics,
    inspector,
    media,
    close: () => {
      stop();
      media.close();
      stopPieces();
      inspector.close();
      flood.close();
      metrics.close();
    },
  };
};
