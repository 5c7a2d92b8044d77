/** The messages of one channel: in memory what is on disk, in the order in which they came. */
import { z } from 'zod';
import { CHANNEL_LIMITS, MessageRecord } from '../../contracts/channels.ts';
import type { MessageView } from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { AppendLog } from '../../io/channels/append-log.ts';
import type { ChannelPage } from '../../commands/services.ts';

export interface History {
  readonly length: number;
  /** Bytes of its messages. */
  readonly bytes: number;
  readonly newest: MessageView | undefined;
  /** Nothing is being written. */
  readonly idle: boolean;
  /** Resolves when the message is durable; from then on it is here. `onDurable` is called at that moment, in their order. */
  add(message: MessageView, onDurable: () => void): Promise<void>;
  /** The message that this sender sent under this id of its own. */
  sent(senderId: string, clientMessageId: string): MessageView | undefined;
  /** NOT_FOUND for one that is not here. */
  delete(messageId: string): Promise<void>;
  /** NOT_FOUND for one that was not deleted lately. */
  restore(messageId: string): Promise<MessageView>;
  /** How many there were. */
  clear(): Promise<number>;
  /** NOT_FOUND when `before` is not here. */
  page(filter: { limit: number; before?: string | undefined; text?: string | undefined }): ChannelPage;
  /** The newest, oldest first. */
  last(count: number): MessageView[];
  close(): Promise<void>;
}

/** A line of the file. `n` orders the messages; one that is brought back has the number it had. */
const Line = z.union([
  z.object({ n: z.number(), m: MessageRecord }),
  z.object({ gone: z.string() }),
  z.object({ cleared: z.number() }),
]);
type Line = z.infer<typeof Line>;

interface Item {
  n: number;
  message: MessageView;
  bytes: number;
}

/** Deleted messages that can be brought back. */
const MOST_DELETED = 50;
/** Lines that are not worth a rewriting of the file. */
const SLACK_LINES = 1000;

const parse = (text: string): Line | null => {
  try {
    return Line.parse(JSON.parse(text));
  } catch {
    return null;
  }
};

/** `most` is how many messages are kept, asked anew each time. `onDamaged` hears how many lines could not be used. */
export const createHistory = (
  { log, lines }: { log: AppendLog; lines: readonly string[] },
  most: () => number,
  onDamaged: (lines: number) => void,
): History => {
  let items: Item[] = [];
  const deleted = new Map<string, Item>();
  const sentIds = new Map<string, MessageView>();
  let bytes = 0;
  let next = 0;
  /** Lines in the file. */
  let written = 0;
  let pending = 0;
  let compacting = false;

  const keyOf = (senderId: string, clientMessageId: string): string => JSON.stringify([senderId, clientMessageId]);
  const forget = (item: Item): void => {
    const { senderId, clientMessageId } = item.message;
    bytes -= item.bytes;
    if (clientMessageId !== null) sentIds.delete(keyOf(senderId, clientMessageId));
  };
  const trim = (): void => {
    let surplus = Math.max(0, items.length - most());
    let kept = bytes;
    for (const { bytes: size } of items.slice(0, surplus)) kept -= size;
    while (kept > CHANNEL_LIMITS.channelBytes && surplus < items.length - 1) {
      kept -= items[surplus]?.bytes ?? 0;
      surplus += 1;
    }
    for (const item of items.splice(0, surplus)) forget(item);
  };
  const insert = (item: Item): void => {
    let place = items.length;
    while (place > 0 && (items[place - 1]?.n ?? 0) > item.n) place -= 1;
    if (place === items.length) items.push(item);
    else items.splice(place, 0, item);
    const { senderId, clientMessageId } = item.message;
    bytes += item.bytes;
    next = Math.max(next, item.n + 1);
    if (clientMessageId !== null) sentIds.set(keyOf(senderId, clientMessageId), item.message);
    // In steps: taking one from the front for each that comes would move all the others each time.
    if (items.length > most() * 1.1 || bytes > CHANNEL_LIMITS.channelBytes * 1.1) trim();
  };
  const takeOut = (messageId: string): Item | undefined => {
    const place = items.findLastIndex(({ message }) => message.id === messageId);
    const [item] = place === -1 ? [] : items.splice(place, 1);
    if (item !== undefined) forget(item);
    return item;
  };
  const empty = (below: number): void => {
    for (const item of items) if (item.n < below) forget(item);
    items = items.filter(({ n }) => n >= below);
  };

  let damaged = 0;
  for (const text of lines) {
    const line = parse(text);
    written += 1;
    if (line === null) damaged += 1;
    else if ('m' in line) insert({ n: line.n, message: line.m, bytes: text.length });
    else if ('gone' in line) takeOut(line.gone);
    else empty(line.cleared);
  }
  trim();
  if (damaged > 0) onDamaged(damaged);

  const lineOf = ({ n, message }: Pick<Item, 'n' | 'message'>): string => JSON.stringify({ n, m: message });
  const compact = (): void => {
    const large = log.size > 2 * CHANNEL_LIMITS.channelBytes;
    if (compacting || (written < 2 * most() + SLACK_LINES && !large)) return;
    compacting = true;
    pending += 1;
    // Asked for when its turn comes, after the writes before it; those after it are appended to the new file.
    const now = (): string[] => {
      trim();
      written = items.length;
      return items.map(lineOf);
    };
    log
      .rewrite(now)
      .catch(() => undefined)
      .finally(() => {
        compacting = false;
        pending -= 1;
      });
  };
  /** `apply` runs as soon as the line is durable, before anything that was appended later. */
  const write = async (line: string, apply: () => void): Promise<void> => {
    pending += 1;
    try {
      await log.append(line, () => {
        written += 1;
        apply();
      });
    } finally {
      pending -= 1;
    }
    compact();
  };
  const missing = (messageId: string): CodedError =>
    new CodedError('NOT_FOUND', `There is no message ${messageId.slice(0, 64)} here.`);

  return {
    get length() {
      return Math.min(items.length, most());
    },
    get bytes() {
      return bytes;
    },
    get newest() {
      return items.at(-1)?.message;
    },
    get idle() {
      return pending === 0;
    },
    add(message, onDurable) {
      const item = { n: next, message, bytes: 0 };
      next += 1;
      const line = lineOf(item);
      item.bytes = line.length;
      return write(line, () => {
        insert(item);
        onDurable();
      });
    },
    sent: (senderId, clientMessageId) => sentIds.get(keyOf(senderId, clientMessageId)),
    async delete(messageId) {
      if (!items.some(({ message }) => message.id === messageId)) throw missing(messageId);
      await write(JSON.stringify({ gone: messageId }), () => {
        const item = takeOut(messageId);
        if (item === undefined) return;
        deleted.set(messageId, item);
        const [oldest] = deleted.keys();
        if (deleted.size > MOST_DELETED && oldest !== undefined) deleted.delete(oldest);
      });
    },
    async restore(messageId) {
      const item = deleted.get(messageId);
      if (item === undefined) throw missing(messageId);
      deleted.delete(messageId);
      try {
        await write(lineOf(item), () => insert(item));
      } catch (error) {
        deleted.set(messageId, item);
        throw error;
      }
      return item.message;
    },
    async clear() {
      const below = next;
      let count = 0;
      await write(JSON.stringify({ cleared: below }), () => {
        count = items.length;
        empty(below);
        deleted.clear();
      });
      return count;
    },
    page({ limit, before, text }) {
      const end = before === undefined ? items.length : items.findIndex(({ message }) => message.id === before);
      if (end === -1) throw missing(before ?? '');
      const wanted = text?.toLowerCase();
      const found: MessageView[] = [];
      const oldest = Math.max(0, items.length - most());
      let at = end - 1;
      for (; at >= oldest && found.length < limit; at -= 1) {
        const message = items[at]?.message;
        if (message === undefined) break;
        if (wanted === undefined || message.text.toLowerCase().includes(wanted)) found.push(message);
      }
      return { messages: found.reverse(), more: at >= oldest };
    },
    last: (count) => items.slice(-count).map(({ message }) => message),
    close: () => log.close(),
  };
};
