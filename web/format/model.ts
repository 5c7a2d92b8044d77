/** What a model is called and how it is used, in text. */
import type { ModelView } from '../../src/contracts/views.ts';

/** The name without its `.gguf` ending, which every one of them has. */
export const displayName = (model: Pick<ModelView, 'name'>): string => model.name.replace(/\.gguf$/i, '');

export type Modality = 'text' | 'image' | 'audio' | 'embedding' | 'rank';

/** What it takes beyond text and what it gives instead of text; plain text models have nothing to point out. */
export const specialModalities = (model: Pick<ModelView, 'metadata'>): Modality[] => {
  const metadata = model.metadata;
  if (metadata === null) return [];
  return [
    ...metadata.inputModalities.filter((m) => m !== 'text'),
    ...metadata.outputModalities.filter((m) => m !== 'text'),
  ];
};

export const MODALITY_LABELS: Readonly<Record<Modality, string>> = {
  text: 'Text',
  image: 'Reads images',
  audio: 'Hears audio',
  embedding: 'Makes embeddings',
  rank: 'Ranks documents',
};

/** Inside single quotes a POSIX shell reads everything as it stands, except a single quote. */
const shellQuoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A command that uses this model through the router; `base` is the router's URL without a path. */
export const curlCommand = (model: Pick<ModelView, 'name' | 'metadata'>, base: string): string => {
  const outputs = model.metadata?.outputModalities ?? [];
  const name = displayName(model);
  const [path, body] = outputs.includes('embedding')
    ? ['/v1/embeddings', { model: name, input: 'Hello' }]
    : outputs.includes('rank')
      ? ['/v1/rerank', { model: name, query: 'What is a llama?', documents: ['An animal.', 'A fruit.'] }]
      : ['/v1/chat/completions', { model: name, messages: [{ role: 'user', content: 'Hello' }] }];
  return [
    `curl ${base.replace(/\/+$/, '')}${path}`,
    `  -H 'Content-Type: application/json'`,
    `  -d ${shellQuoted(JSON.stringify(body))}`,
  ].join(' \\\n');
};
