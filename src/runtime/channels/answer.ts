/** One answer of an agent: which model speaks for it, what that is given, and what to do when it was too much. */
import type { AgentView, MessageView } from '../../contracts/channels.ts';
import type { ModelView } from '../../contracts/views.ts';
import { askFitting, contextOf } from '../../io/agents/ask-fitting.ts';
import type { Density } from '../../io/agents/ask-fitting.ts';
import { AskError, askModel } from '../../io/agents/ask-model.ts';
import type { Question } from '../../io/agents/ask-model.ts';
import { createToolCallCollector } from '../../io/agents/tool-calls.ts';
import type { ToolCall } from '../../io/agents/tool-calls.ts';
import { promptOf } from './prompt.ts';
import { fittingOffers, roundMessages } from './tool-rounds.ts';
import type { ToolRound } from './tool-rounds.ts';
import type { ToolUse } from './tool-use.ts';

export interface AnswerDeps {
  models(): ModelView[];
  find(ref: string): ModelView | undefined;
  nearest(ref: string): string[];
  routerUrl(): string | null;
  /** A key for the inference port. */
  key: string;
}

const RESERVE = 1024;
/** How often in one turn a model may call tools before it has to answer. */
export const MOST_ROUNDS = 8;
/** Calls of one round; a model that wants more at once is told to ask again. */
const MOST_CALLS = 8;
/** Shares of the context that tools, and what they answered, may take from the conversation. */
const OFFERS_SHARE = 0.4;
const ROUNDS_SHARE = 0.6;

const canChat = ({ metadata, problem }: ModelView): boolean =>
  problem === null && metadata?.outputModalities.includes('text') !== false;

const refusal = (code: string, message: string): AskError => new AskError(code, message);

/** The model that the agent names, else one that is loaded, else the first there is. Throws an AskError. */
export const modelFor = ({ model: ref }: AgentView, deps: AnswerDeps): ModelView => {
  if (ref !== null) {
    const found = deps.find(ref);
    if (found !== undefined) return found;
    const [nearest] = deps.nearest(ref);
    const hint = nearest === undefined ? '' : ` The nearest is ${nearest}.`;
    throw refusal('NOT_FOUND', `there is no model ${ref}.${hint}`);
  }
  const able = deps.models().filter(canChat);
  const chosen = able.find(({ state }) => state === 'loaded') ?? able[0];
  if (chosen === undefined)
    throw refusal(
      'NOT_FOUND',
      'there is no model to answer with; download one, or put a GGUF file into the models folder.',
    );
  return chosen;
};

interface AnswerOptions extends Pick<Question, 'signal' | 'onWaiting' | 'onPiece'> {
  agent: AgentView;
  isDm: boolean;
  messages: readonly MessageView[];
  density: Density;
  deps: AnswerDeps;
  tools: ToolUse;
  /** The model that is asked. */
  onModel(id: string): void;
}

/** One question of a turn: the conversation, the tools, and what they answered before; as much of each as fits. */
const ask = async (
  id: string,
  rounds: readonly ToolRound[],
  { agent, isDm, messages, density, deps, tools, signal, onWaiting, onPiece }: AnswerOptions,
): Promise<ToolCall[]> => {
  // Looked at anew each time: a model that has loaded meanwhile knows its context.
  const now = (): ModelView => {
    const model = deps.find(id);
    if (model === undefined) throw refusal('NOT_FOUND', `the model ${id} is gone.`);
    return model;
  };
  const called = createToolCallCollector();
  await askFitting({
    id,
    density,
    most: agent.maxTokens ?? RESERVE,
    context: () => contextOf(now()),
    promptOf: (characters) => {
      const offered = fittingOffers(tools.offers, characters * OFFERS_SHARE);
      const used = roundMessages(rounds, (characters - offered.length) * ROUNDS_SHARE);
      const prompt = promptOf({
        agent,
        isDm,
        messages,
        seesImages: now().metadata?.inputModalities.includes('image') === true,
        characters: Math.max(16, characters - offered.length - used.length),
      });
      return {
        messages: [...prompt.messages, ...used.messages],
        offers: offered.offers,
        length: prompt.length + offered.length + used.length,
      };
    },
    ask: (prompt) => {
      const url = deps.routerUrl();
      if (url === null) throw refusal('INVALID_STATE', 'the router is not running; start it on the dashboard.');
      return askModel({
        url: `${url}/v1/chat/completions`,
        key: deps.key,
        signal,
        onWaiting,
        onPiece,
        onCall: (piece) => called.push([piece]),
        body: {
          model: id,
          messages: prompt.messages,
          ...(prompt.offers.length === 0
            ? {}
            : { tools: prompt.offers, ...(rounds.length >= MOST_ROUNDS ? { tool_choice: 'none' } : {}) }),
          ...agent.sampling,
          ...(agent.maxTokens === null ? {} : { max_tokens: agent.maxTokens }),
        },
      });
    },
  });
  return called.calls();
};

/** Asks, makes the calls that the model wants and asks again, until it answers without a call. */
export const answer = async (options: AnswerOptions): Promise<void> => {
  const { agent, deps, tools, signal, onPiece } = options;
  const { id } = modelFor(agent, deps);
  options.onModel(id);
  const rounds: ToolRound[] = [];
  let saidBefore = false;
  for (;;) {
    let text = '';
    const calls = await ask(id, rounds, {
      ...options,
      onPiece(piece, thought) {
        if (!thought) {
          // What it says after a call is a paragraph of its own.
          if (text === '' && saidBefore) onPiece('\n\n', false);
          text += piece;
        }
        onPiece(piece, thought);
      },
    });
    saidBefore ||= text !== '';
    if (calls.length === 0) return;
    if (rounds.length >= MOST_ROUNDS)
      throw refusal('TOOL_LOOP', `it called tools ${MOST_ROUNDS} times over without coming to an answer.`);
    const made: ToolRound['calls'] = [];
    for (const [index, call] of calls.entries()) {
      signal.throwIfAborted();
      const result =
        index < MOST_CALLS ? await tools.run(call) : `Only ${MOST_CALLS} calls are made at once; call it again.`;
      made.push({ call, result });
    }
    rounds.push({ text, calls: made });
  }
};
