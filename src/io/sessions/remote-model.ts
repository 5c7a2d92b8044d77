/** The model behind an OpenAI-compatible address that is not this server's: which it is, and what it says it can. */
import { AskError, isFields } from '../agents/ask-model.ts';
import type { Fields } from '../agents/ask-model.ts';
import type { Thinker } from './thinker.ts';

interface Wanted {
  endpoint: string;
  key: string | null;
  /** Null is the first that it lists. */
  named: string | null;
  textOnly: ReadonlySet<string>;
  signal: AbortSignal;
}

const LIST_MS = 10_000;
const FRESH_MS = 60_000;
/** Context of one that does not say; its own refusal corrects that. */
const CONTEXT = 16_384;

/** Without a path it is the origin of a server, whose API lies at /v1. */
const baseOf = (endpoint: string): string => {
  const { origin, pathname } = new URL(endpoint);
  const path = pathname.replace(/\/+$/, '');
  return `${origin}${path === '' ? '/v1' : path}`;
};

const contextIn = (fields: Fields): number | null => {
  const meta = isFields(fields['meta']) ? fields['meta'] : {};
  const told = [meta['n_ctx'], fields['max_model_len'], fields['context_length'], fields['context_window']];
  return told.find((value): value is number => typeof value === 'number' && value > 0) ?? null;
};
const seesIn = (fields: Fields): boolean => {
  const architecture = isFields(fields['architecture']) ? fields['architecture'] : {};
  const words = [architecture['input_modalities'], fields['input_modalities'], fields['capabilities']].flat();
  return words.includes('image') || words.includes('multimodal') || words.includes('vision');
};

const listOf = async (base: string, key: string | null, signal: AbortSignal): Promise<Fields[] | string> => {
  try {
    const response = await fetch(`${base}/models`, {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)]),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return `it answered with status ${response.status}`;
    }
    const told: unknown = await response.json();
    return isFields(told) && Array.isArray(told['data'])
      ? (told['data'] as unknown[]).filter(isFields)
      : 'it lists none';
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  }
};

export const remoteModel = (): { find(wanted: Wanted): Promise<Thinker> } => {
  let last: { base: string; key: string | null; at: number; list: Fields[] } | null = null;
  return {
    async find({ endpoint, key, named, textOnly, signal }) {
      const base = baseOf(endpoint);
      const isFresh = last?.base === base && last.key === key && performance.now() - last.at < FRESH_MS;
      const told = isFresh && last !== null ? last.list : await listOf(base, key, signal);
      if (typeof told !== 'string')
        last = { base, key, at: isFresh && last !== null ? last.at : performance.now(), list: told };
      const list = typeof told === 'string' ? [] : told;
      const entry = named === null ? list[0] : list.find(({ id }) => id === named);
      const model = named ?? (typeof entry?.['id'] === 'string' ? entry['id'] : null);
      if (model === null)
        throw new AskError(
          'NOT_FOUND',
          `The models of sessions.endpoint are not known (${typeof told === 'string' ? told : 'it lists none'}); check it, or name one in sessions.model.`,
        );
      const id = `${base} ${model}`;
      return {
        ...{ model, id, key, whom: 'sessions.endpoint', isAsleep: false, native: !textOnly.has(id) },
        url: () => `${base}/chat/completions`,
        sees: entry !== undefined && seesIn(entry),
        context: () => (entry === undefined ? null : contextIn(entry)) ?? CONTEXT,
      };
    },
  };
};
