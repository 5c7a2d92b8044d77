/** The channels of a data folder: their records, and the messages of those that were used lately. */
import type { ChannelRecord, ChannelsDocument } from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { ChannelFiles } from '../../io/channels/channel-files.ts';
import type { Document } from '../../io/store/document.ts';
import { createHistory } from './history.ts';
import type { History } from './history.ts';

export interface ChannelBook {
  /** Undefined for one that is not there or deleted. */
  record(id: string): Readonly<ChannelRecord> | undefined;
  records(): Readonly<ChannelRecord>[];
  /** NOT_FOUND. */
  need(id: string): Readonly<ChannelRecord>;
  /**
   * Adds it, empty, also in the place of a deleted one; QUEUE_FULL when there are as many as may be. One that has come about
   * meanwhile is left as it is.
   */
  add(record: ChannelRecord): Promise<Readonly<ChannelRecord>>;
  /** Changes it; NOT_FOUND when it has gone. */
  change(id: string, patch: Partial<ChannelRecord>): Promise<Readonly<ChannelRecord>>;
  /** Undeletes it; NOT_FOUND when it was not deleted lately. */
  restore(id: string): Promise<Readonly<ChannelRecord>>;
  /** Its messages, read from the disk if they are not in memory. */
  history(id: string): Promise<History>;
  /** Deletes for good what was deleted long enough ago. */
  purge(): Promise<void>;
  close(): Promise<void>;
}

export interface ChannelBookOptions {
  store: Pick<Document<ChannelsDocument>, 'get' | 'update' | 'close'>;
  files: ChannelFiles;
  /** From the configuration. */
  limits(): { channels: number; messages: number };
  onProblem(message: string): void;
  now(): number;
}

/** How long a deleted channel can be brought back. */
export const RESTORE_MS = 10 * 60_000;
/** What may lie in memory of channels that nobody uses; the least recently used go first. */
const MEMORY_BYTES = 256 * 1024 * 1024;

export const createChannelBook = ({ store, files, limits, onProblem, now }: ChannelBookOptions): ChannelBook => {
  /** In the order of their last use. */
  const open = new Map<string, Promise<History>>();
  const loaded = new Map<string, History>();

  const find = (id: string): Readonly<ChannelRecord> | undefined => store.get().channels.find((each) => each.id === id);
  const record = (id: string): Readonly<ChannelRecord> | undefined => {
    const found = find(id);
    return found?.deletedAt === null ? found : undefined;
  };
  const missing = (id: string): CodedError =>
    new CodedError('NOT_FOUND', `There is no channel ${id.slice(0, 64)}; \`channels:list\` names those there are.`);
  const need = (id: string): Readonly<ChannelRecord> => {
    const found = record(id);
    if (found === undefined) throw missing(id);
    return found;
  };

  const load = async (id: string): Promise<History> => {
    const onDamaged = (lines: number): void =>
      onProblem(`${lines} damaged ${lines === 1 ? 'line' : 'lines'} of the channel ${id} are left out.`);
    const history = createHistory(await files.open(id), () => limits().messages, onDamaged);
    loaded.set(id, history);
    return history;
  };
  const shed = (): void => {
    let bytes = 0;
    for (const history of loaded.values()) bytes += history.bytes;
    for (const id of open.keys()) {
      if (bytes <= MEMORY_BYTES) return;
      const history = loaded.get(id);
      if (history === undefined || !history.idle) continue;
      bytes -= history.bytes;
      void drop(id).catch((error: unknown) => onProblem(`The channel ${id} could not be closed: ${String(error)}`));
    }
  };
  const drop = async (id: string): Promise<void> => {
    const opening = open.get(id);
    open.delete(id);
    loaded.delete(id);
    await (await opening)?.close();
  };

  const destroy = async (id: string): Promise<void> => {
    await drop(id);
    await files.remove(id);
  };

  const change: ChannelBook['change'] = async (id, patch) => {
    need(id);
    await store.update((draft) => {
      draft.channels = draft.channels.map((each) => (each.id === id ? { ...each, ...patch } : each));
    });
    return find(id) ?? need(id);
  };

  return {
    record,
    records: () => store.get().channels.filter(({ deletedAt }) => deletedAt === null),
    need,
    async add(wanted) {
      if (find(wanted.id)?.deletedAt != null) await destroy(wanted.id);
      await store.update((draft) => {
        const there = draft.channels.find(({ id }) => id === wanted.id);
        if (there?.deletedAt === null) return;
        const count = draft.channels.filter(({ deletedAt }) => deletedAt === null).length;
        if (count >= limits().channels) {
          const message = `There are ${count} channels already; delete some, or raise channelsMax in the configuration.`;
          throw new CodedError('QUEUE_FULL', message);
        }
        draft.channels = [...draft.channels.filter(({ id }) => id !== wanted.id), wanted];
      });
      return need(wanted.id);
    },
    change,
    async restore(id) {
      const found = find(id);
      if (found?.deletedAt == null)
        throw found === undefined ? missing(id) : new CodedError('INVALID_STATE', 'It is not deleted.');
      await store.update((draft) => {
        draft.channels = draft.channels.map((each) => (each.id === id ? { ...each, deletedAt: null } : each));
      });
      return need(id);
    },
    history(id) {
      const opening = open.get(id) ?? load(id);
      open.delete(id);
      open.set(id, opening);
      opening.then(shed, () => open.delete(id));
      return opening;
    },
    async purge() {
      const old = store.get().channels.filter(({ deletedAt }) => deletedAt !== null && now() - deletedAt >= RESTORE_MS);
      for (const { id } of old) await destroy(id);
      if (old.length === 0) return;
      const ids = new Set(old.map(({ id }) => id));
      await store.update((draft) => {
        draft.channels = draft.channels.filter(({ id }) => !ids.has(id));
      });
    },
    async close() {
      for (const id of [...open.keys()]) await drop(id);
      await store.close();
    },
  };
};
