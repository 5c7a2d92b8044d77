/** From what a person has on the clipboard to what `downloads:start` takes. Pure. */
import type { DownloadVariantView } from '../../../../src/contracts/downloads.ts';

const HUB = /^(?:https?:\/\/)?(?:www\.)?(?:hf\.co|huggingface\.co)\//i;
const REPOSITORY = /^[\w.-]+\/[\w.-]+(?::.+)?$/;

/**
 * `owner/repo`, `owner/repo:Q4_K_M`, a page of the hub, what follows `ollama run` or `llama-server -hf`, or an address. What
 * is none of these stays as it is, so that the server can say what it would take.
 */
export const sourceOf = (typed: string): string => {
  const text = typed
    .trim()
    .replace(/^(?:ollama\s+(?:run|pull)|llama-(?:server|cli)\s+(?:-hf|-hfr|--hf-repo))\s+/i, '')
    .replace(/\/+$/, '');
  const onHub = text.replace(HUB, '');
  if (REPOSITORY.test(onHub)) return `hf:${onHub}`;
  return HUB.test(text) ? `https://huggingface.co/${onHub}` : text;
};

/** What names one of the variants, and nothing where the source is the file itself. */
export const wishFor = (
  variant: Pick<DownloadVariantView, 'quant' | 'file'>,
  all: readonly Pick<DownloadVariantView, 'quant' | 'file'>[],
  repo: string | null,
): { quant?: string; file?: string } => {
  if (repo === null) return {};
  const { quant, file } = variant;
  return quant !== null && all.filter((one) => one.quant === quant).length === 1 ? { quant } : { file };
};
