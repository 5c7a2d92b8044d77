/** Asks until the prompt fits the model's context: the engine's own count says by how much one was too long. */
import type { ModelView } from '../../contracts/views.ts';
import { AskError } from './ask-model.ts';
import type { Answered } from './ask-model.ts';

/** Characters of a token, by model, as far as answers have shown. */
export type Density = Map<string, number>;

const CHARACTERS_PER_TOKEN = 3;
/** Context of a model that does not say. */
const CONTEXT = 4096;
const ATTEMPTS = 5;

/** Tokens that one prompt and its answer may have together. */
export const contextOf = (model: ModelView): number => {
  if (model.contextSize !== null) return model.contextSize;
  return model.ctx_size > 0 ? model.ctx_size : (model.metadata?.contextLength ?? CONTEXT);
};

export const askFitting = async <P extends { length: number }>(options: {
  /** Of the model, in `density`. */
  id: string;
  density: Density;
  /** Most tokens of the answer. */
  most: number;
  /** Asked anew each time: a model that has loaded meanwhile knows its context. */
  context(): number;
  /** `length` is what it really has. */
  promptOf(characters: number, attempt: number): P | Promise<P>;
  ask(prompt: P): Promise<Answered>;
}): Promise<Answered> => {
  const { id, density, most, context, promptOf, ask } = options;
  let shrink = 1;
  for (let attempt = 1; ; attempt += 1) {
    const tokens = context();
    const reserve = Math.min(most, Math.floor(tokens / 2));
    const perToken = density.get(id) ?? CHARACTERS_PER_TOKEN;
    const prompt = await promptOf(Math.max(16, Math.floor((tokens - reserve) * perToken * shrink)), attempt);
    try {
      const answered = await ask(prompt);
      const { promptTokens } = answered;
      // A tenth on the safe side: the next messages may be denser.
      if (promptTokens !== null && promptTokens > 0)
        density.set(id, Math.min(6, Math.max(0.5, (prompt.length / promptTokens) * 0.9)));
      return answered;
    } catch (error) {
      if (!(error instanceof AskError) || error.tooLong === null || attempt === ATTEMPTS) throw error;
      const { promptTokens, contextTokens } = error.tooLong;
      const room = contextTokens - Math.min(most, Math.floor(contextTokens / 2));
      const used = prompt.length * (room / promptTokens) * 0.95;
      shrink = used / ((tokens - reserve) * perToken);
    }
  }
};
