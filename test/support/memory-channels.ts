/** The real channels and agents over documents and files in memory, with ids that can be foretold. */
import type { ChannelChange } from '../../src/commands/channel-services.ts';
import type { AgentsDocument, ChannelsDocument } from '../../src/contracts/channels.ts';
import type { ChannelFiles } from '../../src/io/channels/channel-files.ts';
import type { Document } from '../../src/io/store/document.ts';
import { createAgents } from '../../src/runtime/channels/agents.ts';
import type { AnswerDeps } from '../../src/runtime/channels/answer.ts';
import { createChannelBook } from '../../src/runtime/channels/channel-book.ts';
import { createChannels } from '../../src/runtime/channels/channels.ts';
import { noTools } from './no-tools.ts';
import type { ToolUseDeps } from '../../src/runtime/channels/tool-use.ts';
import { createTurns } from '../../src/runtime/channels/turns.ts';

export const memoryDocument = <T>(initial: T): Pick<Document<T>, 'get' | 'update' | 'close'> => {
  let data = initial;
  return {
    get: () => data,
    update: async (recipe) => {
      await Promise.resolve();
      const draft = structuredClone(data);
      data = recipe(draft) ?? draft;
    },
    close: () => Promise.resolve(),
  };
};

export const memoryFiles = (): ChannelFiles => {
  const files = new Map<string, string[]>();
  return {
    open(channelId) {
      const lines = files.get(channelId) ?? [];
      files.set(channelId, lines);
      return Promise.resolve({
        lines: [...lines],
        log: {
          get size() {
            return lines.join('\n').length;
          },
          append: async (line, onDurable) => {
            await Promise.resolve();
            lines.push(line);
            onDurable();
          },
          rewrite: async (wanted) => {
            await Promise.resolve();
            lines.splice(0, lines.length, ...wanted());
          },
          close: () => Promise.resolve(),
        },
      });
    },
    remove(channelId) {
      files.delete(channelId);
      return Promise.resolve();
    },
  };
};

/** The nth id that a server in memory gives. */
export const memoryId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

export const createMemoryChannels = (
  publish: (change: ChannelChange) => void,
  over: Partial<AnswerDeps> & { channels?: number; messages?: number; tools?: Omit<ToolUseDeps, 'now'> } = {},
) => {
  let ids = 0;
  const newId = (): string => memoryId((ids += 1));
  const now = (): number => Date.now();
  const book = createChannelBook({
    store: memoryDocument<ChannelsDocument>({ channels: [] }),
    files: memoryFiles(),
    limits: () => ({ channels: over.channels ?? 100, messages: over.messages ?? 1000 }),
    onProblem: () => undefined,
    now,
  });
  const agents = createAgents({
    store: memoryDocument<AgentsDocument>({ agents: [] }),
    publish,
    onRemoved: (id) => turns.agentGone(id),
    newId,
    now,
  });
  const turns = createTurns({
    agent: agents.find,
    record: book.record,
    recent: (channelId, count) => channels.recent(channelId, count),
    post: (message) => channels.post(message),
    answering: {
      models: () => [],
      find: () => undefined,
      nearest: () => [],
      routerUrl: () => null,
      key: 'key',
      ...over,
    },
    tools: { ...(over.tools ?? noTools), now },
    publish,
    log: () => undefined,
    newId,
    now,
  });
  const channels = createChannels({
    book,
    agent: agents.find,
    needAgent: agents.get,
    turns,
    publish,
    now,
    newId,
    log: () => undefined,
  });
  return { channels, agents };
};
