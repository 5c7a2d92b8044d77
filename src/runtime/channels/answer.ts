/** One answer of an agent: which model speaks for it, what that is given, and what to do when it was too much. */
import type { AgentView, MessageView } from '../../contracts/channels.ts';
import type { ModelView } from '../../contracts/views.ts';
import { canChat, contextOf } from '../../io/agents/models.ts';
import { AskError, askModel } from '../../io/agents/ask-model.ts';
import type { Question } from '../../io/agents/ask-model.ts';
import { promptOf } from './prompt.ts';

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

/** Asks until the prompt fits: the engine's own count says by how much it was too long. */
export const answer = async (
  options: {
    agent: AgentView;
    isDm: boolean;
    messages: readonly MessageView[];
    density: Density;
    deps: AnswerDeps;
    /** The model that is asked. */
    onModel(id: string): void;
  } & Pick<Question, 'signal' | 'onWaiting' | 'onPiece'>,
): Promise<void> => {
  const { agent, isDm, messages, density, deps, signal, onWaiting, onPiece } = options;
  const { id } = modelFor(agent, deps);
  options.onModel(id);
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
    const prompt = promptOf({
      agent,
      isDm,
      messages,
      seesImages: model.metadata?.inputModalities.includes('image') === true,
      characters: Math.max(16, Math.floor((context - reserve) * perToken * shrink)),
    });
    try {
      const { promptTokens } = await askModel({
        url,
        key: deps.key,
        signal,
        onWaiting,
        onPiece,
        body: {
          model: id,
          messages: prompt.messages,
          ...agent.sampling,
          ...(agent.maxTokens === null ? {} : { max_tokens: agent.maxTokens }),
        },
      });
      // A tenth on the safe side: the next messages may be denser.
      if (promptTokens !== null && promptTokens > 0)
        density.set(id, Math.min(6, Math.max(0.5, (prompt.length / promptTokens) * 0.9)));
      return;
    } catch (error) {
      if (!(error instanceof AskError) || error.tooLong === null || attempt === ATTEMPTS) throw error;
      const { promptTokens, contextTokens } = error.tooLong;
      const room = contextTokens - Math.min(agent.maxTokens ?? RESERVE, Math.floor(contextTokens / 2));
      const used = prompt.length * (room / promptTokens) * 0.95;
      shrink = used / ((context - reserve) * perToken);
    }
  }
};
