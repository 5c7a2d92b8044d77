/** A channel as the page holds it: what was said, what is being written, and who types. Pure. */
import type { ToolAction } from '../../../src/contracts/agent-tools.ts';
import type {
  Attachment,
  MessageBroadcast,
  MessageChunk,
  MessageView,
  TurnView,
} from '../../../src/contracts/channels.ts';

export interface Said {
  id: string;
  senderId: string;
  senderName: string;
  text: string;
  createdAt: number;
  /** An agent of this server said it. */
  byAgent: boolean;
  /** The page's own id of a message that it has sent; null for all others. */
  clientId: string | null;
  attachments: readonly Attachment[];
  thought: string | null;
  /** What it did with its tools. */
  actions: readonly ToolAction[];
  /** Why an agent gave no answer; null for everything else. */
  failure: string | null;
  /** The answer was broken off. */
  incomplete: boolean;
  model: string | null;
}

export interface Talk {
  /** Oldest first, each once. */
  said: readonly Said[];
  /** There are older ones on the server. */
  more: boolean;
  /** Agents that are at work, in the order in which they began. */
  turns: readonly TurnView[];
  /** Who types, with the time of the last sign of it. */
  typing: readonly { entityId: string; name: string; at: number }[];
}

export const EMPTY: Talk = { said: [], more: false, turns: [], typing: [] };

/** How long a sign of typing counts, ms. */
export const TYPING_MS = 4000;

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
const textIn = (holder: unknown, key: string): string | null => {
  const value = isRecord(holder) ? holder[key] : undefined;
  return typeof value === 'string' ? value : null;
};

const STATUSES: ReadonlySet<unknown> = new Set<ToolAction['status']>([
  'waiting',
  'running',
  'done',
  'failed',
  'rejected',
  'denied',
  'cancelled',
]);
/** Other programs put words of their own among the actions; only calls of tools are objects like these. */
const isToolAction = (value: unknown): value is ToolAction =>
  isRecord(value) &&
  typeof value['name'] === 'string' &&
  STATUSES.has(value['status']) &&
  typeof value['result'] === 'string' &&
  typeof value['tookMs'] === 'number' &&
  (typeof value['arguments'] === 'string' || isRecord(value['arguments']));

export const saidOf = (message: MessageView | MessageBroadcast): Said => {
  const { id, senderId, senderName, text, createdAt, source, metadata = {} } = message;
  return {
    id,
    senderId,
    senderName,
    text,
    createdAt,
    byAgent: source === 'agent',
    clientId: message.clientMessageId ?? null,
    attachments: message.attachments ?? [],
    thought: message.thought ?? null,
    actions: (message.actions ?? []).filter(isToolAction),
    failure: textIn(metadata['failure'], 'message'),
    incomplete: metadata['incomplete'] === true,
    model: textIn(metadata, 'model'),
  };
};

/** Times decide, so that one that is brought back stands where it stood. */
const inOrder = (all: readonly Said[]): readonly Said[] => {
  const byId = new Map(all.map((one) => [one.id, one]));
  return [...byId.values()].sort((a, b) => a.createdAt - b.createdAt);
};

export const withSaid = (talk: Talk, said: Said): Talk => {
  const last = talk.said.at(-1);
  const isNewest =
    last === undefined || (last.createdAt <= said.createdAt && !talk.said.some(({ id }) => id === said.id));
  return {
    ...talk,
    said: isNewest ? [...talk.said, said] : inOrder([...talk.said, said]),
    typing: talk.typing.filter(({ entityId }) => entityId !== said.senderId),
  };
};

/** A page of the history, older or the same as what is held. */
export const withHistory = (talk: Talk, messages: readonly MessageView[], more: boolean): Talk => ({
  ...talk,
  said: inOrder([...messages.map(saidOf), ...talk.said]),
  more,
});

export const without = (talk: Talk, messageId: string): Talk => ({
  ...talk,
  said: talk.said.filter(({ id }) => id !== messageId),
});

/** Where a turn stands now. The text of one that goes on is what its pieces have said. */
export const withTurn = (talk: Talk, turn: TurnView): Talk => {
  const before = talk.turns.find(({ agentId }) => agentId === turn.agentId);
  const others = talk.turns.filter(({ agentId }) => agentId !== turn.agentId);
  if (turn.state === 'idle') return { ...talk, turns: others };
  const goesOn = before !== undefined && before.messageId === turn.messageId && turn.pieces < before.pieces;
  const { text, thought, pieces } = goesOn ? before : turn;
  const now = { ...turn, text, thought, pieces };
  return {
    ...talk,
    turns: before === undefined ? [...others, now] : talk.turns.map((one) => (one === before ? now : one)),
  };
};

/** A piece that is in the text already is left out. */
export const withChunk = (talk: Talk, { agentId, messageId, index, chunk, thought }: MessageChunk): Talk => ({
  ...talk,
  turns: talk.turns.map((turn) => {
    if (turn.agentId !== agentId || turn.messageId !== messageId || index < turn.pieces) return turn;
    const grown = thought ? { thought: turn.thought + chunk } : { text: turn.text + chunk };
    return { ...turn, ...grown, pieces: index + 1 };
  }),
});

export const withTyping = (talk: Talk, entityId: string, name: string, at: number): Talk => ({
  ...talk,
  typing: [...talk.typing.filter((one) => one.entityId !== entityId), { entityId, name, at }],
});

export const typingAt = (talk: Talk, now: number): string[] =>
  talk.typing.filter(({ at }) => now - at < TYPING_MS).map(({ name }) => name);

/** "Ana, Ben and Cai". */
export const listed = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1) ?? ''}`;
