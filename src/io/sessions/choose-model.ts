/** Which model works in a session. Pure. */
import type { ModelView } from '../../contracts/views.ts';
import { AskError } from '../agents/ask-model.ts';

export interface ModelChoice {
  models(): ModelView[];
  find(ref: string): ModelView | undefined;
  nearest(ref: string): string[];
}

const canChat = ({ problem, metadata }: ModelView): boolean =>
  problem === null && metadata?.outputModalities.includes('text') !== false;
const canCall = (model: ModelView): boolean => model.metadata?.supportsTools === true;

/**
 * The one that is named, else a loaded one whose template knows tools, else the first such, else a loaded one that can chat, else the
 * first. Throws an AskError.
 */
export const chooseModel = (named: string | null, { models, find, nearest }: ModelChoice): ModelView => {
  if (named !== null) {
    const found = find(named);
    if (found === undefined) {
      const [near] = nearest(named);
      throw new AskError(
        'NOT_FOUND',
        `There is no model ${named.slice(0, 200)}.${near === undefined ? '' : ` The nearest is ${near}.`}`,
      );
    }
    if (!canChat(found))
      throw new AskError('INVALID_STATE', found.problem ?? `The model ${found.id} cannot write text.`);
    return found;
  }
  const able = models().filter(canChat);
  const callers = able.filter(canCall);
  const [chosen] = [callers, able].flatMap((group) => {
    const first = group.find(({ state }) => state === 'loaded') ?? group[0];
    return first === undefined ? [] : [first];
  });
  if (chosen === undefined)
    throw new AskError(
      'NOT_FOUND',
      'There is no model that could work in a session; download one that can call tools.',
    );
  return chosen;
};
