import { invalid } from '../failures.ts';
import { Refused, isFields } from '../later.ts';
import type { Fields } from '../later.ts';

/** Ollama's names for what the engine takes per request; most are the same. */
const PER_REQUEST: Readonly<Record<string, string>> = {
  temperature: 'temperature',
  top_p: 'top_p',
  top_k: 'top_k',
  min_p: 'min_p',
  typical_p: 'typical_p',
  seed: 'seed',
  stop: 'stop',
  repeat_penalty: 'repeat_penalty',
  repeat_last_n: 'repeat_last_n',
  presence_penalty: 'presence_penalty',
  frequency_penalty: 'frequency_penalty',
  mirostat: 'mirostat',
  mirostat_tau: 'mirostat_tau',
  mirostat_eta: 'mirostat_eta',
  num_keep: 'n_keep',
};

export interface EngineOptions {
  /** Fields of the engine's request. */
  fields: Record<string, unknown>;
  /** Names that say how a model is loaded, or that the engine has no word for: they change nothing here. */
  ignored: string[];
}

/** `options` of a request. A negative `num_predict` means no limit, which is the engine's own choice without the field. */
export const engineOptions = (options: Fields | undefined, limitField: 'max_tokens' | 'n_predict'): EngineOptions => {
  const fields: Record<string, unknown> = {};
  const ignored: string[] = [];
  for (const [name, value] of Object.entries(options ?? {})) {
    if (value === null || value === undefined) continue;
    if (name === 'num_predict') {
      if (typeof value !== 'number') throw new Refused(invalid('"options.num_predict" must be a number.'));
      if (value >= 0) fields[limitField] = value;
      continue;
    }
    const engineName = Object.hasOwn(PER_REQUEST, name) ? PER_REQUEST[name] : undefined;
    if (engineName === undefined) ignored.push(name);
    else fields[engineName] = value;
  }
  return { fields, ignored };
};

/** `format` of a request in the words of chat completions. */
export const responseFormat = (format: unknown): Record<string, unknown> | undefined => {
  if (format === undefined || format === null || format === '') return undefined;
  if (format === 'json') return { type: 'json_object' };
  if (isFields(format)) return { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema: format } };
  throw new Refused(invalid('"format" must be "json" or a JSON schema.'));
};

/** The same for a raw completion. */
export const jsonSchema = (format: unknown): Fields | undefined => {
  const wanted = responseFormat(format);
  if (wanted === undefined) return undefined;
  return isFields(format) ? format : { type: 'object' };
};

/** `think` of a request: whether the template lets the model think, and how hard. */
export const thinking = (think: unknown): Record<string, unknown> => {
  if (think === undefined || think === null) return {};
  if (typeof think === 'boolean') return { chat_template_kwargs: { enable_thinking: think } };
  if (think === 'low' || think === 'medium' || think === 'high')
    return { chat_template_kwargs: { enable_thinking: true, reasoning_effort: think } };
  throw new Refused(invalid('"think" must be true, false, "low", "medium" or "high".'));
};
