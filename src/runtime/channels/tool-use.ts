/** The tools of an agent during one turn: which the model is offered, whether a call may be made, and what comes of it. */
import type { ApprovalWish, McpService } from '../../commands/services.ts';
import { consentFor, namesServer } from '../../contracts/agent-tools.ts';
import type { Consent, ToolAction } from '../../contracts/agent-tools.ts';
import type { AgentView } from '../../contracts/channels.ts';
import type { McpToolView } from '../../contracts/mcp.ts';
import { argumentsOf } from '../../io/agents/tool-calls.ts';
import type { ToolCall } from '../../io/agents/tool-calls.ts';

export interface ToolUseDeps {
  servers: Pick<McpService, 'list' | 'tools' | 'start' | 'call'>;
  /** Asks a person. */
  ask(
    wish: ApprovalWish,
    options: { asker: string; signal: AbortSignal },
  ): Promise<{ allowed: boolean; why: string | null }>;
  now(): number;
}

/** What a model is told of a tool, in the shape of the chat completions API. */
export interface ToolOffer {
  type: 'function';
  function: { name: string; description: string; parameters: Record<string, unknown> };
}

export interface ToolUse {
  /** Empty for an agent without tools. */
  offers: ToolOffer[];
  /** Makes one call, or says why not: the words are for the model. Rejects only with the signal's reason. */
  run(call: ToolCall): Promise<string>;
}

export interface ToolUseOptions {
  agent: AgentView;
  channelId: string;
  deps: ToolUseDeps;
  signal: AbortSignal;
  /** Epoch ms at which the turn ends whatever happens. */
  deadline: number;
  /** All calls of the turn so far, kept up to date in place. */
  actions: ToolAction[];
  /** What goes on now, for the people in the channel; null when that is over. */
  onDoing(note: string | null): void;
}

const LONGEST_RESULT = 2000;
const LONGEST_ARGUMENTS = 4000;
const LONGEST_DESCRIPTION = 1024;
/** A question ends before its turn does, so that the model can still say that nobody answered. */
const SHARE_OF_TURN = 0.9;
/** Names of functions, as the chat completions API allows them. */
const LONGEST_NAME = 64;

const cut = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

const functionName = (tool: McpToolView, taken: ReadonlySet<string>): string => {
  const base = `${tool.server}__${tool.name}`.replaceAll(/[^\w-]/g, '_').slice(0, LONGEST_NAME);
  for (let n = 1; ; n += 1) {
    const name = n === 1 ? base : `${base.slice(0, LONGEST_NAME - 4)}_${n}`;
    if (!taken.has(name)) return name;
  }
};

const shownArguments = (call: ToolCall): ToolAction['arguments'] => {
  const args = argumentsOf(call);
  return args === null || call.arguments.length > LONGEST_ARGUMENTS ? cut(call.arguments, LONGEST_ARGUMENTS) : args;
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Resolves as `work` does, or rejects with the signal's reason, whichever comes first. */
const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  let leave: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(signal.reason instanceof Error ? signal.reason : new Error('Nobody waits any more.'));
    signal.addEventListener('abort', leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', leave);
  }
};

/** The servers whose tools are not known yet are started; one that fails is listed among the actions and left out. */
const wakeServers = async ({ agent, deps, signal, actions, onDoing }: ToolUseOptions): Promise<void> => {
  const wanted = deps.servers
    .list()
    .filter(
      ({ name, tools, disabled }) => tools === null && !disabled && agent.tools.some((rule) => namesServer(rule, name)),
    );
  for (const { name } of wanted) {
    const began = deps.now();
    onDoing(`starts its tools: ${name}`);
    try {
      await unlessAborted(deps.servers.start(name, 'server'), signal);
    } catch (error) {
      signal.throwIfAborted();
      const result = cut(messageOf(error), LONGEST_RESULT);
      actions.push({ name, arguments: {}, status: 'failed', result, tookMs: deps.now() - began });
    }
  }
  if (wanted.length > 0) onDoing(null);
};

export const prepareTools = async (options: ToolUseOptions): Promise<ToolUse> => {
  const { agent, channelId, deps, signal, deadline, actions, onDoing } = options;
  const known = new Map<string, { tool: McpToolView; consent: Consent }>();
  if (agent.tools.length > 0) {
    await wakeServers(options);
    const able = new Set(deps.servers.list().flatMap(({ name, disabled }) => (disabled ? [] : [name])));
    for (const tool of deps.servers.tools()) {
      const consent = consentFor(agent.tools, tool, agent.trustReadOnly);
      if (consent !== null && able.has(tool.server))
        known.set(functionName(tool, new Set(known.keys())), { tool, consent });
    }
  }

  const mayUse = async (tool: McpToolView, call: ToolCall): Promise<{ allowed: boolean; why: string | null }> => {
    const name = `${tool.server}/${tool.name}`;
    onDoing(`waits for a person’s consent to ${name}`);
    const left = Math.max(1000, Math.floor((deadline - deps.now()) * SHARE_OF_TURN));
    const wish: ApprovalWish = {
      title: cut(`${agent.name} wants to use ${name}`, 200),
      reason: cut(tool.description, 2000),
      preview: cut(JSON.stringify(argumentsOf(call), null, 2), 20_000),
      session: `${channelId} ${agent.id}`,
      rule: name,
      timeoutMs: left,
    };
    return deps.ask(wish, { asker: `the agent ${agent.name}`, signal });
  };

  const decide = async (call: ToolCall, action: ToolAction): Promise<string> => {
    const found = known.get(call.name);
    const end = (status: ToolAction['status'], result: string, words: string): string => {
      action.status = status;
      action.result = cut(result, LONGEST_RESULT);
      return words;
    };
    if (found === undefined) {
      const why = `There is no tool ${call.name.slice(0, LONGEST_NAME)}.`;
      return end('failed', why, `${why} Use one of: ${[...known.keys()].join(', ')}.`);
    }
    const { tool, consent } = found;
    action.name = `${tool.server}/${tool.name}`;
    if (consent === 'deny') {
      const why = 'This agent may not use it.';
      return end('denied', why, `${why} Do not try it again.`);
    }
    const args = argumentsOf(call);
    if (args === null) {
      const why = 'Its arguments were no JSON object.';
      return end('failed', why, `${why} Call it again with arguments that follow its schema.`);
    }
    if (consent === 'ask') {
      const { allowed, why } = await mayUse(tool, call);
      signal.throwIfAborted();
      if (!allowed) {
        const reason = why ?? 'No reason was given.';
        return end('rejected', reason, `A person did not allow this call. Their reason: ${reason}`);
      }
    }
    onDoing(`uses ${action.name}`);
    action.status = 'running';
    const result = await deps.servers.call({ server: tool.server, tool: tool.name, arguments: args }, 'server', signal);
    const text = result.text === '' ? '(nothing)' : result.text;
    return end(result.isError ? 'failed' : 'done', result.text, result.isError ? `The tool failed: ${text}` : text);
  };

  return {
    // One that is forbidden is not offered; whoever calls it all the same is told.
    offers: [...known].flatMap(([name, { tool, consent }]) =>
      consent === 'deny'
        ? []
        : [
            {
              type: 'function' as const,
              function: {
                name,
                description: cut(tool.description, LONGEST_DESCRIPTION),
                parameters: tool.inputSchema,
              },
            },
          ],
    ),
    async run(call) {
      const began = deps.now();
      const action: ToolAction = {
        name: cut(call.name, 200),
        arguments: shownArguments(call),
        status: 'waiting',
        result: '',
        tookMs: 0,
      };
      actions.push(action);
      try {
        return await decide(call, action);
      } catch (error) {
        signal.throwIfAborted();
        action.status = 'failed';
        action.result = cut(messageOf(error), LONGEST_RESULT);
        return `The tool could not be used: ${messageOf(error)}`;
      } finally {
        action.tookMs = deps.now() - began;
        onDoing(null);
      }
    },
  };
};
