import { GGMLFileQuantizationType, GGMLQuantizationType, parseGGUFQuantLabel } from '@huggingface/gguf';
import type { GgufMetadataView } from '../../contracts/views.ts';
import { numberAt, textAt } from './gguf-facts.ts';
import type { GgufFacts } from './gguf-facts.ts';
import type { Skim } from './skim-gguf.ts';
import { tensorSizes } from './tensor-size.ts';

/** Architectures whose result is a vector also when the header names no pooling. */
const EMBEDDERS = new Set([
  'bert',
  'modern-bert',
  'neo-bert',
  'eurobert',
  'nomic-bert',
  'nomic-bert-moe',
  'jina-bert-v2',
  'jina-bert-v3',
  'gemma-embedding',
  'llama-embed',
  't5encoder',
]);
/** llama.cpp's pooling types: 0 none, 1 mean, 2 cls, 3 last, 4 rank. */
const RANK = 4;

/** "116K", "1.5B", "70B": two significant figures below ten, whole numbers above. */
export const sizeLabelOf = (parameters: number): string | null => {
  if (!Number.isFinite(parameters) || parameters < 1000) return null;
  for (const [unit, letter] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'K'],
  ] as const) {
    // A number that would print as 1000 of this unit belongs to the next.
    if (parameters < unit * 0.9995 && unit !== 1e3) continue;
    const amount = parameters / unit;
    const rounded = amount < 9.95 ? Math.round(amount * 10) / 10 : Math.round(amount);
    return `${rounded}${letter}`;
  }
  return null;
};

/** Newer files leave the enum's "mostly" types behind; then the type that holds most bytes is what people mean. */
const prevailingType = (skim: Skim): string | null => {
  const totals = new Map<number, number>();
  const sizes = tensorSizes(skim.tensors);
  skim.tensors.forEach(({ type }, i) => totals.set(type, (totals.get(type) ?? 0) + (sizes[i] ?? 0)));
  const [most] = [...totals].toSorted((a, b) => b[1] - a[1]);
  return most === undefined ? null : (GGMLQuantizationType[most[0]] ?? null);
};

/** Bit 10 of `general.file_type` only says that the type was guessed. The 1000s are labels of file names, never of headers. */
const quantizationOf = (skim: Skim, file: string): string | null => {
  const stated = numberAt(skim, 'general.file_type');
  const named = stated === null ? undefined : GGMLFileQuantizationType[stated >= 1024 ? stated - 1024 : stated];
  return named ?? parseGGUFQuantLabel(file.toUpperCase()) ?? prevailingType(skim);
};

const outputsOf = (skim: Skim, architecture: string | null): GgufMetadataView['outputModalities'] => {
  const pooling = numberAt(skim, `${architecture ?? ''}.pooling_type`);
  if (pooling === RANK) return ['rank'];
  if ((pooling !== null && pooling > 0) || EMBEDDERS.has(architecture ?? '')) return ['embedding'];
  return ['text'];
};

const templatesOf = ({ values }: Skim): string[] =>
  [...values].flatMap(([key, value]) =>
    typeof value === 'string' && (key === 'tokenizer.chat_template' || key.startsWith('tokenizer.chat_template.'))
      ? [value]
      : [],
  );

/** A projector's inputs; files from before audio existed say nothing and are for images. */
export const projectorInputs = (skim: Skim): ('image' | 'audio')[] => {
  const audio = skim.values.get('clip.has_audio_encoder') === true;
  const image = skim.values.get('clip.has_vision_encoder') === true || !audio;
  return [...(image ? (['image'] as const) : []), ...(audio ? (['audio'] as const) : [])];
};

const greatest = (numbers: readonly number[] | null): number | null => (numbers === null ? null : Math.max(...numbers));

/** The view of a header. `file` is the file's name, from which the quantization is read when the header does not say. */
export const ggufView = (skim: Skim, facts: GgufFacts, file: string): GgufMetadataView => {
  const architecture = textAt(skim, 'general.architecture');
  const templates = templatesOf(skim);
  const parameters = facts.parameters > 0 ? facts.parameters : null;
  return {
    name: textAt(skim, 'general.name'),
    architecture,
    parameters,
    sizeLabel: parameters === null ? null : sizeLabelOf(parameters),
    quantization: quantizationOf(skim, file),
    contextLength: facts.contextLength,
    layers: facts.layers,
    heads: greatest(facts.heads),
    kvHeads: greatest(facts.kvHeads),
    embeddingLength: facts.embeddingLength,
    vocabularySize: facts.vocabularySize,
    inputModalities: ['text'],
    outputModalities: outputsOf(skim, architecture),
    hasChatTemplate: templates.length > 0,
    supportsTools: templates.some((template) => /\btools\b|tool_calls?\b/.test(template)),
    experts: facts.experts !== null && facts.experts > 0 ? facts.experts : null,
    license: textAt(skim, 'general.license'),
  };
};
