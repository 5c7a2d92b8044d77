import type { CheckedKey } from '../contracts/keys.ts';
import { mayUse, notAllowed } from './admission.ts';
import { invalid } from './failures.ts';
import type { Failure } from './failures.ts';
import type { BodyScan } from './body-scan.ts';
import type { Lane } from './lane.ts';
import type { Lanes } from './lanes.ts';

/**
 * Which model a request is for: the one its body names, else the one of its query, else the only one that is loaded. Null while
 * the body has not said it yet and may still do so. A `key` that is limited to some models gets no other, and hears of no other.
 */
export const chooseModel = (
  scan: BodyScan,
  bodyComplete: boolean,
  search: string,
  lanes: Lanes,
  key: CheckedKey | null = null,
): Lane | Failure | null => {
  const named = (name: string): Lane | Failure => {
    const lane = lanes.find(name);
    if (key?.models && !(lane && mayUse(key, lane.route))) return notAllowed(key);
    return lane ?? lanes.table.unknown(name);
  };
  const { problem, found } = scan;
  if (problem !== null) return invalid(`The body is not valid ${scan.format}: ${problem}. ${scan.remedy}.`);
  if (found.has('model')) {
    const model = found.get('model');
    if (typeof model === 'string' && model !== '') return named(model);
    return invalid('"model" must be the name of a model, as a string; GET /v1/models lists them.');
  }
  if (!bodyComplete) return null;
  const asked = new URLSearchParams(search).get('model');
  if (asked) return named(asked);
  const [only, ...others] = lanes.loaded().filter(({ route }) => mayUse(key, route));
  if (only && others.length === 0) return only;
  return invalid(
    `The request names no model: add "model" to the body. ${key?.models ? notAllowed(key).message : `${lanes.table.listed()}.`}`,
  );
};
