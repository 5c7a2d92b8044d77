/** The agents at work: one actor for each agent and channel that has a turn, and none for those that rest. */
import { createActor, fromCallback, fromPromise } from 'xstate';
import type { ActorRefFrom, EventObject } from 'xstate';
import { concerns } from '../../../machines/channel-policy.ts';
import { channelMachine } from '../../../machines/channel.machine.ts';
import type { TurnFact, TurnOutcome, TurnWork } from '../../../machines/channel.machine.ts';
import type { By, ChannelChange } from '../../commands/services.ts';
import type { AgentView, ChannelRecord, MessageView, TurnView } from '../../contracts/channels.ts';
import { AskError } from '../../io/agents/ask-model.ts';
import type { ToolAction } from '../../contracts/agent-tools.ts';
import { waitingWords } from '../../io/agents/waiting.ts';
import { answer } from './answer.ts';
import type { AnswerDeps } from './answer.ts';
import { createAnswerStream } from './stream.ts';
import type { AnswerStream } from './stream.ts';
import { prepareTools } from './tool-use.ts';
import type { ToolUseDeps } from './tool-use.ts';

export interface AgentTurns {
  /** Begins or queues the turns of those whom the message concerns; false when it concerns nobody. */
  consider(channel: Readonly<ChannelRecord>, message: MessageView): boolean;
  /** How many turns were ended. */
  cancel(channelId: string, agentId: string | null, by: By): number;
  /** One agent has left the channel, or all of them have. */
  end(channelId: string, agentId: string | null): void;
  agentGone(agentId: string): void;
  list(channelId: string): TurnView[];
  /** Resolves when none runs any more; what was asked is told to be interrupted. */
  close(): Promise<void>;
}

export interface TurnsOptions {
  agent(ref: string): AgentView | undefined;
  record(channelId: string): Readonly<ChannelRecord> | undefined;
  recent(channelId: string, count: number): Promise<MessageView[]>;
  post(message: MessageView): Promise<void>;
  answering: AnswerDeps;
  tools: ToolUseDeps;
  publish(change: ChannelChange): void;
  log(level: 'info' | 'warn' | 'error', source: string, message: string): void;
  newId(): string;
  now(): number;
}

interface Row {
  actor: ActorRefFrom<typeof channelMachine>;
  agent: AgentView;
  channelId: string;
  /** Of the message that is answered. */
  serverId: string;
  /** Ids of the messages that the next turn answers. */
  asked: Set<string>;
  stream: AnswerStream | null;
  /** The calls of tools of the turn. */
  actions: ToolAction[];
  model: string | null;
  told: string;
  ended: Promise<void>;
}

const TELL_MS = 35_000;
const CLOSE_MS = 3000;

const mentionsIn = ({ metadata }: MessageView): string[] => {
  const { mentions } = metadata;
  return Array.isArray(mentions) ? mentions.filter((each) => typeof each === 'string') : [];
};

const asSentence = (text: string): string => (/[.!?]$/.test(text.trimEnd()) ? text.trimEnd() : `${text.trimEnd()}.`);
export const createTurns = (options: TurnsOptions): AgentTurns => {
  const { publish, now, newId, log, record } = options;
  const rows = new Map<string, Row>();
  const density = new Map<string, number>();
  let closed = false;
  const keyOf = (channelId: string, agentId: string): string => JSON.stringify([channelId, agentId]);
  const of = (channelId: string, agentId: string | null): Row[] =>
    [...rows.values()].filter((row) => row.channelId === channelId && (agentId === null || row.agent.id === agentId));

  const note = (row: Row): string | null => {
    const { value, context } = row.actor.getSnapshot();
    if (context.doing !== null && (value === 'thinking' || value === 'streaming')) return context.doing;
    if (value !== 'thinking') return null;
    if (context.position !== null && context.position > 0) return waitingWords(context.position);
    const model = row.model === null ? undefined : options.answering.find(row.model);
    return model !== undefined && model.state !== 'loaded' ? 'waiting for the model' : null;
  };
  const view = (row: Row): TurnView => {
    const { value, context } = row.actor.getSnapshot();
    return {
      channelId: row.channelId,
      agentId: row.agent.id,
      agentName: row.agent.name,
      state: value === 'thinking' || value === 'streaming' ? value : 'idle',
      note: note(row),
      messageId: context.answerId,
      ...(row.stream?.sent ?? { text: '', thought: '', pieces: 0 }),
      queued: context.queued,
    };
  };
  const tell = (row: Row): void => {
    // What is written comes in pieces; whoever joins asks for the whole.
    const turn = { ...view(row), text: '', thought: '', pieces: 0 };
    const text = JSON.stringify(turn);
    // That one rests who has just been called is no news.
    if (text === row.told || (row.told === '' && turn.state === 'idle')) return;
    row.told = text;
    publish({ kind: 'channel.turn', turn });
  };
  const complete = (row: Row): void =>
    publish({
      kind: 'channel.told',
      event: 'messageComplete',
      data: { channelId: row.channelId, serverId: row.serverId },
      by: null,
    });
  /** Clients that want it are told when to wait with the next message. */
  const lock = (row: Row, action: 'enable_input' | 'disable_input'): void => {
    if (record(row.channelId)?.metadata['lockInput'] !== true) return;
    publish({ kind: 'channel.told', event: 'controlMessage', data: { action, channelId: row.channelId }, by: null });
  };

  const need = ({ channelId, agentId }: TurnWork): Row => {
    const row = rows.get(keyOf(channelId, agentId));
    if (row === undefined) throw new Error('An agent works whom nobody has called.');
    return row;
  };

  const ask = fromCallback<EventObject, TurnWork>(({ input, sendBack }) => {
    const row = need(input);
    const cancel = new AbortController();
    const { channelId, agentId, answerId } = input;
    const stream = createAnswerStream({ channelId, agentId, messageId: answerId }, (chunk) =>
      publish({ kind: 'channel.chunk', chunk }),
    );
    row.stream = stream;
    const actions: ToolAction[] = [];
    row.actions = actions;
    const deadline = now() + row.agent.timeout * 1000;
    let begun = false;
    const { asked } = row;
    row.asked = new Set();
    const work = async (): Promise<void> => {
      const recent = await options.recent(channelId, row.agent.memoryMessages);
      // What it is asked stands at the end, after answers that it gave meanwhile; what came since belongs to the next turn.
      const before = recent.filter(({ id }) => !asked.has(id) && !row.asked.has(id));
      const messages = [...before, ...recent.filter(({ id }) => asked.has(id))];
      const { agent } = row;
      const tools = await prepareTools({
        agent,
        channelId,
        deps: options.tools,
        signal: cancel.signal,
        deadline,
        actions,
        onDoing: (doing) => {
          if (!cancel.signal.aborted) sendBack({ type: 'turn.noted', doing } satisfies TurnFact);
        },
      });
      await answer({
        agent,
        tools,
        isDm: record(channelId)?.type === 'DM',
        messages,
        density,
        deps: options.answering,
        signal: cancel.signal,
        onModel: (id) => {
          row.model = id;
          tell(row);
        },
        onWaiting: (position) => sendBack({ type: 'model.waited', position } satisfies TurnFact),
        onPiece: (text, thought) => {
          if (!begun) sendBack({ type: 'reply.began', at: now() } satisfies TurnFact);
          begun = true;
          stream.push(text, thought);
        },
      });
    };
    work().then(
      () => sendBack({ type: 'reply.finished' } satisfies TurnFact),
      (error: unknown) => {
        if (cancel.signal.aborted) return;
        const code = error instanceof AskError ? error.code : 'INTERNAL';
        const message = error instanceof Error ? error.message : String(error);
        if (!(error instanceof AskError)) log('error', `agent:${agentId}`, `A turn failed inside: ${message}`);
        sendBack({ type: 'reply.failed', failure: { code, message } } satisfies TurnFact);
      },
    );
    return () => {
      cancel.abort();
      stream.flush();
    };
  });

  const messageOf = (row: Row, over: Pick<MessageView, 'id' | 'text'> & Partial<MessageView>): MessageView => ({
    channelId: row.channelId,
    serverId: row.serverId,
    senderId: row.agent.id,
    senderName: row.agent.name,
    createdAt: now(),
    source: 'agent',
    clientMessageId: null,
    inReplyToMessageId: null,
    attachments: [],
    metadata: {},
    thought: null,
    actions: [],
    ...over,
  });
  const outcomeMessages = (row: Row, answerId: string, outcome: TurnOutcome): MessageView[] => {
    const text = row.stream?.text.trim() ?? '';
    const thought = row.stream?.thought.trim() ?? '';
    const messages: MessageView[] = [];
    const model = row.model === null ? {} : { model: row.model };
    const cut = outcome.kind === 'answered' ? {} : { incomplete: true };
    // What was going on when the turn ended did not come to its end.
    const used = row.actions.map((action) =>
      action.status === 'waiting' || action.status === 'running' ? { ...action, status: 'cancelled' as const } : action,
    );
    if (text !== '') {
      messages.push(
        messageOf(row, {
          id: answerId,
          text,
          thought: thought === '' ? null : thought,
          actions: ['REPLY', ...used],
          metadata: { ...model, ...cut },
        }),
      );
    }
    const failure =
      outcome.kind === 'failed'
        ? outcome.failure
        : outcome.kind === 'answered' && text === ''
          ? { code: 'EMPTY', message: 'the model said nothing; ask again, or allow longer answers.' }
          : null;
    if (failure !== null) {
      const verb = text === '' ? 'answer' : 'finish';
      messages.push(
        messageOf(row, {
          id: text === '' ? answerId : newId(),
          text: `I could not ${verb}: ${asSentence(failure.message)}`,
          thought: text === '' && thought !== '' ? thought : null,
          actions: text === '' ? used : [],
          metadata: { ...model, failure: { ...failure, message: asSentence(failure.message) } },
        }),
      );
    }
    // What its tools did has happened, whether or not it came to an answer.
    if (messages.length === 0 && used.length > 0)
      messages.push(
        messageOf(row, {
          id: answerId,
          text: 'I was stopped before I could answer.',
          actions: used,
          metadata: { ...model, incomplete: true },
        }),
      );
    return messages;
  };
  const tellOutcome = fromPromise<{ at: number }, TurnWork & { outcome: TurnOutcome }>(async ({ input }) => {
    const row = need(input);
    const { outcome, answerId, agentId } = input;
    if (outcome.kind === 'failed')
      log('warn', `agent:${agentId}`, `${row.agent.name} gave no answer: ${outcome.failure.message}`);
    try {
      for (const message of outcomeMessages(row, answerId, outcome)) {
        if (record(row.channelId) !== undefined) await options.post(message);
      }
    } catch (error) {
      log(
        'error',
        `agent:${agentId}`,
        `What ${row.agent.name} said could not be kept: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    return { at: now() };
  });
  const machine = channelMachine.provide({ actors: { askModel: ask, tellOutcome } });

  const spawn = (channel: Readonly<ChannelRecord>, agent: AgentView): Row => {
    const key = keyOf(channel.id, agent.id);
    const limits = { turnMs: agent.timeout * 1000, tellMs: TELL_MS };
    const actor = createActor(machine, { input: { channelId: channel.id, agentId: agent.id, limits } });
    let end: () => void = () => undefined;
    const ended = new Promise<void>((resolve) => (end = resolve));
    const row: Row = {
      actor,
      agent,
      channelId: channel.id,
      serverId: channel.serverId,
      asked: new Set(),
      stream: null,
      actions: [],
      model: null,
      told: '',
      ended,
    };
    rows.set(key, row);
    let last = actor.getSnapshot().value;
    const rest = (): void => {
      if (rows.get(key) === row) rows.delete(key);
      actor.stop();
      end();
    };
    actor.subscribe({
      next: ({ value }) => {
        if (last === 'telling' && value !== 'telling') {
          complete(row);
          lock(row, 'enable_input');
        }
        if (value === 'thinking' && last !== 'thinking') lock(row, 'disable_input');
        const moved = value !== last;
        last = value;
        tell(row);
        // This is called in the middle of a step of the actor.
        if (moved && (value === 'idle' || value === 'closed')) queueMicrotask(rest);
      },
      error: (error) => {
        log('error', `agent:${agent.id}`, `An agent's turn failed inside: ${String(error)}`);
        complete(row);
        rest();
      },
    });
    actor.start();
    return row;
  };

  return {
    consider(channel, message) {
      if (closed) return false;
      const isDm = channel.type === 'DM';
      const said = { text: message.text, mentions: mentionsIn(message), byAgent: message.source === 'agent' };
      const concerned = channel.agents
        .flatMap((id) => options.agent(id) ?? [])
        .filter((agent) => concerns(agent.id, agent, isDm, said));
      for (const agent of concerned) {
        const known = rows.get(keyOf(channel.id, agent.id));
        const row = known ?? spawn(channel, agent);
        // The next turn is the agent's as it is then.
        row.agent = agent;
        row.serverId = message.serverId;
        row.asked.add(message.id);
        row.actor.send({ type: 'message.arrived', answerId: newId(), at: now() });
      }
      return concerned.length > 0;
    },
    cancel(channelId, agentId, by) {
      const running = of(channelId, agentId);
      for (const { actor } of running) actor.send({ type: 'turn.cancel', by });
      return running.length;
    },
    end(channelId, agentId) {
      for (const { actor } of of(channelId, agentId)) actor.send({ type: 'channel.close' });
    },
    agentGone(agentId) {
      for (const { agent, actor } of rows.values()) if (agent.id === agentId) actor.send({ type: 'channel.close' });
    },
    list: (channelId) => of(channelId, null).map(view),
    async close() {
      closed = true;
      const running = [...rows.values()];
      for (const { actor } of running) actor.send({ type: 'channel.close' });
      let timer: NodeJS.Timeout | undefined;
      const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, CLOSE_MS)));
      await Promise.race([Promise.all(running.map(({ ended }) => ended)), deadline]);
      clearTimeout(timer);
      for (const { actor } of rows.values()) actor.stop();
    },
  };
};
