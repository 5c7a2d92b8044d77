/** What a serving engine says of itself. */
import { z } from 'zod';
import type { Upstream } from '../../contracts/ipc.ts';
import { upstreamGet } from './upstream-get.ts';

const Props = z.object({
  default_generation_settings: z.object({ n_ctx: z.number().optional() }).optional(),
  total_slots: z.number().optional(),
});

const DEADLINE_MS = 2000;

/** Tokens of context per slot and the number of slots, from /props; null for what it does not say in time. Never rejects. */
export const engineProps = async (
  upstream: Upstream,
): Promise<{ contextSize: number | null; slots: number | null }> => {
  try {
    const props = Props.parse(JSON.parse((await upstreamGet(upstream, '/props', DEADLINE_MS)).body));
    return {
      contextSize: props.default_generation_settings?.n_ctx ?? null,
      slots: props.total_slots ?? null,
    };
  } catch {
    // Serving without telling its properties is still serving.
    return { contextSize: null, slots: null };
  }
};
