/** Channels, agents and their turns over one data folder. */
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { AgentsService, ChannelChange, ChannelsService } from '../../commands/services.ts';
import { AgentsDocument, ChannelsDocument } from '../../contracts/channels.ts';
import type { LogLevel } from '../../contracts/views.ts';
import { channelFiles } from '../../io/channels/channel-files.ts';
import { openDocument } from '../../io/store/document.ts';
import { createAgents } from './agents.ts';
import type { AnswerDeps } from './answer.ts';
import { createChannelBook } from './channel-book.ts';
import { createChannels } from './channels.ts';
import type { ToolUseDeps } from './tool-use.ts';
import { createTurns } from './turns.ts';

export interface OpenChannelsOptions {
  dataDir: string;
  limits(): { channels: number; messages: number };
  answering: AnswerDeps;
  tools: Omit<ToolUseDeps, 'now'>;
  publish(change: ChannelChange): void;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}

export interface OpenChannels {
  channels: ChannelsService;
  agents: AgentsService;
  /** Ends the turns, while the router still runs; what was written so far is kept. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

/** Throws a CodedError when the disk refuses or the documents are of a newer version. */
export const openChannels = async (options: OpenChannelsOptions): Promise<OpenChannels> => {
  const { dataDir, publish, log, now } = options;
  const common = (file: string) => ({
    path: path.join(dataDir, file),
    version: 1,
    onDamaged: (info: { message: string }) => log('error', 'server', info.message),
  });
  const [index, agentStore] = await Promise.all([
    openDocument({
      ...common('channels.json'),
      schema: ChannelsDocument,
      defaults: (): ChannelsDocument => ({ channels: [] }),
      pretty: false,
    }),
    openDocument({
      ...common('agents.json'),
      schema: AgentsDocument,
      defaults: (): AgentsDocument => ({ agents: [] }),
    }),
  ]);
  const book = createChannelBook({
    store: index,
    files: channelFiles(path.join(dataDir, 'channels')),
    limits: options.limits,
    onProblem: (message) => log('error', 'channels', message),
    now,
  });
  const agents = createAgents({
    store: agentStore,
    publish,
    onRemoved: (id) => turns.agentGone(id),
    newId: randomUUID,
    now,
  });
  const turns = createTurns({
    agent: agents.find,
    record: book.record,
    recent: (channelId, count) => channels.recent(channelId, count),
    post: (message) => channels.post(message),
    answering: options.answering,
    tools: { ...options.tools, now },
    publish,
    log,
    newId: randomUUID,
    now,
  });
  const channels = createChannels({
    book,
    agent: agents.find,
    needAgent: agents.get,
    turns,
    publish,
    now,
    log: (level, message) => log(level, 'channels', message),
  });
  return {
    channels,
    agents,
    drain: turns.close,
    async close() {
      await channels.close();
      await agents.close();
    },
  };
};
