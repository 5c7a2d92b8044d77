/** One answer of an agent: which model speaks for it, what that is given, and what to do when it was too much. */
import type { AgentView, MessageView } from '../../contracts/channels.ts';
import type { ModelView } from '../../contracts/views.ts';
import { canChat, contextOf } from '../../io/agents/models.ts';
import { AskError, askModel } from '../../io/agents/ask-model.ts';
import type { Question } from '../../io/agents/ask-model.ts';
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

/** Characters of a token, by model, as far as answers have shown. */
export type Density = Map<string, number>;

const CHARACTERS_PER_TOKEN = 3;
const RESERVE = 1024;
const ATTEMPTS = 5;
/** How often in one turn a model may call tools before it has to answer. */
export const MOST_ROUNDS = 8;
/** Calls of one round; a model that wants more at once is told to ask again. */
const MOST_CALLS = 8;
/** Shares of the context that tools, and what they answered, may take from the conversation. */
const OFFERS_SHARE = 0.4;
const ROUNDS_SHARE = 0.6;

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

/** Asks until the prompt fits: the engine's own count says by how much it was too long. */
const askFitting = async (
  id: string,
  rounds: readonly ToolRound[],
  { agent, isDm, messages, density, deps, tools, signal, onWaiting, onPiece }: AnswerOptions,
): Promise<ToolCall[]> => {
  let shrink = 1;
  for (let attempt = 1; ; attempt += 1) {
    const url = deps.routerUrl();
    if (url === null) throw refusal('INVALID_STATE', 'the router is not running; start it on the dashboard.');
    // Looked at anew each time: a model that has loaded meanwhile knows its context.
    const model = deps.find(id);
    if (model === undefined) throw refusal('NOT_FOUND', `the model ${id} is gone.`);
    const context = contextOf(model);
    const reserve = Math.min(agent.maxTokens ?? RESERVE, Math.floor(context / 2));
    const perToken = density.get(id) ?? CHARACTERS_PER_TOKEN;
    const characters = Math.floor((context - reserve) * perToken * shrink);
    const offered = fittingOffers(tools.offers, characters * OFFERS_SHARE);
    const used = roundMessages(rounds, (characters - offered.length) * ROUNDS_SHARE);
    const prompt = promptOf({
      agent,
      isDm,
      messages,
      seesImages: model.metadata?.inputModalities.includes('image') === true,
      characters: Math.max(16, characters - offered.length - used.length),
    });
    const length = prompt.length + offered.length + used.length;
    try {
      const { promptTokens, toolCalls } = await askModel({
        url,
        key: deps.key,
        signal,
        onWaiting,
        onPiece,
        body: {
          model: id,
          messages: [...prompt.messages, ...used.messages],
          ...(offered.offers.length === 0
            ? {}
            : { tools: offered.offers, ...(rounds.length >= MOST_ROUNDS ? { tool_choice: 'none' } : {}) }),
          ...agent.sampling,
          ...(agent.maxTokens === null ? {} : { max_tokens: agent.maxTokens }),
        },
      });
      // A tenth on the safe side: the next messages may be denser.
      if (promptTokens !== null && promptTokens > 0)
        density.set(id, Math.min(6, Math.max(0.5, (length / promptTokens) * 0.9)));
      return toolCalls;
    } catch (error) {
      if (!(error instanceof AskError) || error.tooLong === null || attempt === ATTEMPTS) throw error;
      const { promptTokens, contextTokens } = error.tooLong;
      const room = contextTokens - Math.min(agent.maxTokens ?? RESERVE, Math.floor(contextTokens / 2));
      shrink = (length * (room / promptTokens) * 0.95) / ((context - reserve) * perToken);
    }
  }
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
    const calls = await askFitting(id, rounds, {
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
