/** One answer of an agent: which model speaks for it, what that is given, and what to do when it was too much. */
import type { AgentView, MessageView } from '../../contracts/channels.ts';
import type { ModelView } from '../../contracts/views.ts';
import { askFitting, contextOf } from '../../io/agents/ask-fitting.ts';
import type { Density } from '../../io/agents/ask-fitting.ts';
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

const RESERVE = 1024;

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
  // Looked at anew each time: a model that has loaded meanwhile knows its context.
  const now = (): ModelView => {
    const model = deps.find(id);
    if (model === undefined) throw refusal('NOT_FOUND', `the model ${id} is gone.`);
    return model;
  };
  await askFitting({
    id,
    density,
    most: agent.maxTokens ?? RESERVE,
    context: () => contextOf(now()),
    promptOf: (characters) =>
      promptOf({
        agent,
        isDm,
        messages,
        seesImages: now().metadata?.inputModalities.includes('image') === true,
        characters,
      }),
    ask: (prompt) => {
      const url = deps.routerUrl();
      if (url === null) throw refusal('INVALID_STATE', 'the router is not running; start it on the dashboard.');
      return askModel({
        url: `${url}/v1/chat/completions`,
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
    },
  });
};
