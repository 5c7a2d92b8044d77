/** Which facts people are told of, and in which words. */
import type { DomainChange } from '../../commands/services.ts';
import type { DownloadView } from '../../contracts/downloads.ts';
import type { MetricsView, ModelView, RouterView } from '../../contracts/views.ts';
import type { Wanted } from './book.ts';

/** Percent; 0 never tells. */
export interface Thresholds {
  disk: number;
  memory: number;
}

/** How far a value has to fall below its threshold before it is told again. */
const RELIEF = 3;
/** A load or a build may fill the memory for a moment; only what lasts is worth a word. Samples. */
const LASTING = 3;

const GIB = 1024 ** 3;
const gib = (bytes: number): string => `${(bytes / GIB).toFixed(1)} GiB`;

const everybody = { owner: null } as const;

const ofModel = (model: ModelView, previous: ModelView | null): Wanted | null => {
  const { id, failure, gaveUp } = model;
  if (model.state !== 'error' || failure === null) return null;
  if (previous?.state === 'error' && previous.failure?.at === failure.at && previous.gaveUp === gaveUp) return null;
  const data = { modelId: id, code: failure.code };
  return gaveUp
    ? {
        ...everybody,
        type: 'error',
        title: `${id} was given up`,
        message: `${failure.message} It is not tried again until someone loads it.`,
        data,
        key: `model:${id}:gave-up`,
      }
    : {
        ...everybody,
        type: 'warning',
        title: `${id} crashed`,
        message: `${failure.message} It is started again by itself.`,
        data,
        key: `model:${id}:crashed`,
      };
};

const ofRouter = ({ state, gaveUp, failure }: RouterView): Wanted | null =>
  state === 'error' && gaveUp
    ? {
        ...everybody,
        type: 'error',
        title: 'The router was given up',
        message: `${failure?.message ?? 'It ended again and again.'} No model can be used until it is started again.`,
        data: { router: true },
        key: 'router:gave-up',
      }
    : null;

const ofDownload = ({ id, state, source, error, modelId }: DownloadView): Wanted | null => {
  const data = { downloadId: id, modelId };
  if (state === 'done')
    return {
      ...everybody,
      type: 'success',
      title: 'Download finished',
      message: modelId === null ? `${source} is here.` : `${modelId} can be used now.`,
      data,
      key: `download:${id}:done`,
    };
  return state === 'failed'
    ? {
        ...everybody,
        type: 'error',
        title: 'Download failed',
        message: `${source}: ${error ?? 'it ended without saying why.'}`,
        data,
        key: `download:${id}:failed`,
      }
    : null;
};

/** What somebody cancelled is no news to them. */
const ofRun = ({ run, owner, news }: Extract<DomainChange, { kind: 'run' }>): Wanted | null => {
  if (news.what !== 'ended' || run.state === 'cancelled') return null;
  const done = run.state === 'completed';
  return {
    owner,
    type: done ? 'success' : 'error',
    title: done ? 'Run finished' : 'Run failed',
    message: done ? run.title : `${run.title}: ${run.error ?? 'it ended without saying why.'}`,
    data: { runId: run.id },
    key: `run:${run.id}`,
  };
};

/** Users have sessions of their own, those of nobody in particular are everybody's. */
const ofSession = ({ session, owner }: Extract<DomainChange, { kind: 'session' }>): Wanted | null => {
  const { id, title, status, message, question } = session;
  const common = { owner: owner.startsWith('user:') ? owner : null, data: { sessionId: id } };
  // What waits for consent is told as a question to a person.
  if (status === 'call_user' && question !== null)
    return {
      ...common,
      type: 'warning',
      title: 'A session asks you',
      message: `${title}: ${question}`,
      key: `session:${id}:asks:${question}`,
    };
  if (status === 'end')
    return { ...common, type: 'success', title: 'Session finished', message: title, key: `session:${id}:end` };
  return status === 'error' || status === 'max_loop'
    ? {
        ...common,
        type: status === 'error' ? 'error' : 'warning',
        title: status === 'error' ? 'Session failed' : 'Session stopped at its limit',
        message: `${title}: ${message}`,
        key: `session:${id}:${status}`,
      }
    : null;
};

/** A question of no user's is everybody's to answer. */
const ofApproval = ({ approval, owner }: Extract<DomainChange, { kind: 'approval' }>): Wanted | null =>
  approval.status !== 'pending'
    ? null
    : {
        owner: owner.startsWith('user:') ? owner : null,
        type: 'warning',
        title: 'Waiting for your answer',
        message: `${approval.title} (asked by ${approval.asker})`,
        data: { approvalId: approval.id },
        key: `approval:${approval.id}`,
      };

/** True once when a value has been at or above its threshold for long enough; again only after it has fallen clearly below. */
const createAlarm = (lasting: number): ((value: number, threshold: number) => boolean) => {
  let above = 0;
  let told = false;
  return (value, threshold) => {
    if (threshold === 0 || value < threshold) {
      above = 0;
      if (threshold === 0 || value < threshold - RELIEF) told = false;
      return false;
    }
    above += 1;
    if (told || above < lasting) return false;
    told = true;
    return true;
  };
};

export interface Facts {
  /** What a change of the server's state means to people; null is nothing. */
  of(change: DomainChange): Wanted[];
}

export const createFacts = (thresholds: () => Thresholds): Facts => {
  const diskAlarm = createAlarm(1);
  const memoryAlarm = createAlarm(LASTING);
  /** Downloads whose end has been told. */
  const ended = new Set<string>();
  /** What was told last of each session. */
  const sessions = new Map<string, string>();
  let routerGaveUp = false;

  const ofSample = ({ disk, memory }: MetricsView): Wanted[] => {
    const limits = thresholds();
    const said: Wanted[] = [];
    if (diskAlarm(disk.used, limits.disk))
      said.push({
        ...everybody,
        type: 'warning',
        title: 'The disk is nearly full',
        message: `${Math.round(disk.used)} % of the data folder's disk is used, and ${gib(disk.totalBytes - disk.usedBytes)} are left: downloads and logs will fail when it is full.`,
        data: { disk: disk.used },
        key: 'disk:low',
      });
    if (memoryAlarm(memory.used, limits.memory))
      said.push({
        ...everybody,
        type: 'warning',
        title: 'Memory is nearly full',
        message: `${Math.round(memory.used)} % of the memory is used, and ${gib(memory.availableBytes)} are left: unload a model, or the system may end one.`,
        data: { memory: memory.used },
        key: 'memory:low',
      });
    return said;
  };

  return {
    of(change) {
      switch (change.kind) {
        case 'model':
          return [ofModel(change.model, change.previous) ?? []].flat();
        case 'router': {
          const told = routerGaveUp;
          routerGaveUp = change.router.gaveUp;
          return told ? [] : [ofRouter(change.router) ?? []].flat();
        }
        case 'approval':
          return [ofApproval(change) ?? []].flat();
        case 'session': {
          const wanted = ofSession(change);
          const { id } = change.session;
          if (sessions.get(id) === wanted?.key) return [];
          // Its title or its files may change after its end.
          if (wanted?.key === undefined) sessions.delete(id);
          else sessions.set(id, wanted.key);
          return wanted === null ? [] : [wanted];
        }
        case 'session.removed':
          sessions.delete(change.id);
          return [];
        case 'run':
          return [ofRun(change) ?? []].flat();
        case 'download': {
          const wanted = ofDownload(change.download);
          // Its rate or its place in the list may change after its end.
          if (wanted === null) ended.delete(change.download.id);
          else if (ended.has(change.download.id)) return [];
          else ended.add(change.download.id);
          return wanted === null ? [] : [wanted];
        }
        case 'download.removed':
          ended.delete(change.id);
          return [];
        case 'metrics':
          return ofSample(change.metrics);
        default:
          return [];
      }
    },
  };
};
