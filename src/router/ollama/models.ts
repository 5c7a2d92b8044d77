import { createHash } from 'node:crypto';
import type { Route } from '../../contracts/ipc.ts';
import type { Fields } from '../later.ts';
import { isUsable } from '../model-list.ts';

/** Go's zero time: Ollama's own command shows it as "Never". */
const NEVER = '0001-01-01T00:00:00Z';

/** Stands for the entry, not for the bytes of the file: those are not read for a list. Clients show its beginning. */
const digestOf = ({ id, size, created }: Route): string =>
  createHash('sha256').update(`${id}\n${size}\n${created}`).digest('hex');

const detailsOf = ({ metadata }: Route): Fields => ({
  parent_model: '',
  format: 'gguf',
  family: metadata?.architecture ?? '',
  families: metadata?.architecture ? [metadata.architecture] : [],
  parameter_size: metadata?.sizeLabel ?? '',
  quantization_level: metadata?.quantization ?? '',
});

const tag = (route: Route): Fields => ({
  name: route.id,
  model: route.id,
  modified_at: new Date(route.created * 1000).toISOString(),
  size: route.size,
  digest: digestOf(route),
  details: detailsOf(route),
});

/** `GET /api/tags`. */
export const tags = (routes: readonly Route[]): Fields => ({ models: routes.filter(isUsable).map(tag) });

/** `GET /api/ps`: what is in memory. How much of it is a graphics card's is not known here. */
export const running = (routes: readonly Route[]): Fields => ({
  models: routes
    .filter(({ state }) => state === 'loaded')
    .map((route) => ({
      name: route.id,
      model: route.id,
      size: route.size,
      digest: digestOf(route),
      details: detailsOf(route),
      expires_at: NEVER,
      size_vram: 0,
      context_length: route.contextLength ?? 0,
    })),
});

const capabilitiesOf = ({ metadata }: Route): string[] => {
  if (metadata?.outputModalities.includes('embedding') === true) return ['embedding'];
  return [
    'completion',
    ...(metadata?.supportsTools === true ? ['tools'] : []),
    ...(metadata?.inputModalities.includes('image') === true ? ['vision'] : []),
  ];
};

const infoOf = (route: Route): Fields => {
  const { metadata } = route;
  if (metadata === null) return {};
  const architecture = metadata.architecture ?? 'unknown';
  const facts: Record<string, unknown> = {
    'general.architecture': architecture,
    'general.name': metadata.name,
    'general.parameter_count': metadata.parameters,
    'general.license': metadata.license,
    [`${architecture}.context_length`]: metadata.contextLength,
    [`${architecture}.embedding_length`]: metadata.embeddingLength,
    [`${architecture}.block_count`]: metadata.layers,
    [`${architecture}.attention.head_count`]: metadata.heads,
    [`${architecture}.attention.head_count_kv`]: metadata.kvHeads,
    [`${architecture}.expert_count`]: metadata.experts,
    [`${architecture}.vocab_size`]: metadata.vocabularySize,
  };
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== null));
};

/** `POST /api/show`. The template is the engine's business and stays in the file; `parameters` are those it is started with. */
export const shown = (route: Route): Fields => ({
  license: route.metadata?.license ?? '',
  modelfile: `# ${route.id} is served by Llamactor; it has no Modelfile.\nFROM ${route.id}\n`,
  parameters: Object.entries(route.parameters)
    .map(([name, value]) => `${name} ${String(value)}`)
    .join('\n'),
  template: '',
  details: detailsOf(route),
  model_info: infoOf(route),
  capabilities: capabilitiesOf(route),
  modified_at: new Date(route.created * 1000).toISOString(),
});
