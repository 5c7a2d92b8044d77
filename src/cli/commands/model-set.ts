/** `models set`: the fields of a model's record. */
import { nearestNames } from '../../contracts/nearest.ts';
import type { CommandPayload } from '../../contracts/commands.ts';
import { modelsCommands } from '../../contracts/commands/models.ts';
import type { ParameterValue } from '../../contracts/views.ts';
import { UsageError } from '../exit.ts';
import type { Session } from '../session.ts';

const FIELDS = modelsCommands['models:update'].payload.shape.updates.shape;
type Field = Exclude<keyof typeof FIELDS, 'parameters'>;
const FIELD_NAMES = Object.keys(FIELDS).filter((name): name is Field => name !== 'parameters');
const isField = (word: string): word is Field => (FIELD_NAMES as string[]).includes(word);

/** An empty value takes a field back to what it is without one. */
const EMPTY: Partial<Record<Field, unknown>> = {
  aliases: [],
  preset: null,
  model_path: null,
  model_url: null,
  group: null,
  ttl: null,
  priority: 0,
  pinned: false,
  ctx_size: 0,
  threads: 0,
  batch_size: 512,
};

const literal = (text: string): ParameterValue => {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;
};

const fieldValue = (field: Field, text: string): unknown => {
  if (text === '' && field in EMPTY) return EMPTY[field];
  const candidates: unknown[] = field === 'aliases' ? [text.split(',')] : [text, literal(text)];
  for (const candidate of candidates) {
    const parsed = FIELDS[field].safeParse(candidate);
    if (parsed.success) return parsed.data;
  }
  const issue = FIELDS[field].safeParse(candidates.at(-1)).error?.issues[0]?.message ?? 'invalid value';
  throw new UsageError(`"${text}" does not suit ${field}: ${issue}.`);
};

/** `key=value` words as an update of a record. Throws UsageError. */
export const updatesOf = (words: readonly string[]): CommandPayload<'models:update'>['updates'] => {
  const updates: Partial<Record<Field, unknown>> = {};
  for (const word of words) {
    const at = word.indexOf('=');
    const key = at < 1 ? word : word.slice(0, at);
    if (at < 1) throw new UsageError(`"${word}" is not key=value; the keys are ${FIELD_NAMES.join(', ')}.`);
    if (!isField(key)) {
      const [close] = nearestNames(key, FIELD_NAMES, 1);
      throw new UsageError(
        `A model has no ${key}${close === undefined ? '' : `; did you mean ${close}`}. The keys are ${FIELD_NAMES.join(', ')}; flags of llama-server go into a preset.`,
      );
    }
    updates[key] = fieldValue(key, word.slice(at + 1));
  }
  // Each value was checked by its own schema above; this only gives them back their types.
  return modelsCommands['models:update'].payload.shape.updates.parse(updates);
};

const shown = (value: string | number | boolean | readonly string[] | null): string =>
  value === null ? 'not set' : Array.isArray(value) ? value.join(', ') || 'none' : String(value);

export const setModel = async (session: Session, ref: string, words: readonly string[]): Promise<void> => {
  const updates = updatesOf(words);
  const client = await session.connect();
  const { model } = await client.call('models:update', { modelId: ref, updates });
  if (session.asJson) {
    session.json({ model });
    return;
  }
  const said = Object.keys(updates).map((key) => `${key} ${shown(model[key as Field])}`);
  const next = ['ctx_size', 'batch_size', 'threads', 'model_path'].some((key) => key in updates)
    ? ' A process that runs takes it at its next load.'
    : '';
  session.print(`${model.id} now has ${said.join(', ')}.${next}\n`);
};
