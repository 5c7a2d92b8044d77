/** What another OpenAI-compatible endpoint says of its models. */
import { z } from 'zod';
import { AskError, endpointAddress, reasonOf } from '../agents/ask-model.ts';
import type { ChosenModel } from './choose-model.ts';

/** Context of a model that does not say; when it is less, its refusal says how much. */
const CONTEXT = 16_384;
const LIST_MS = 15_000;

const count = z.number().positive().optional().catch(undefined);
/** Each engine tells its context and what it sees in its own way. */
const Row = z.object({
  id: z.string().min(1),
  max_model_len: count,
  context_length: count,
  meta: z.object({ n_ctx: count, n_ctx_train: count }).nullish().catch(null),
  architecture: z
    .object({ input_modalities: z.array(z.string()).catch([]) })
    .nullish()
    .catch(null),
  capabilities: z.array(z.string()).nullish().catch(null),
});
type Row = z.infer<typeof Row>;
const List = z.object({ data: z.array(z.unknown()) });

const rowsOf = (body: unknown): Row[] =>
  (List.safeParse(body).data?.data ?? []).flatMap((each) => Row.safeParse(each).data ?? []);

/** Rejects with an AskError. */
export const endpointModel = async (options: {
  url: string;
  key: string | null;
  /** Null takes the first that it has. */
  wanted: string | null;
  signal: AbortSignal;
}): Promise<ChosenModel> => {
  const { url, key, wanted, signal } = options;
  const server = `the endpoint ${new URL(url).host}`;
  let rows: Row[] = [];
  let fault: string;
  try {
    const response = await fetch(endpointAddress(url, 'models'), {
      headers: key === null ? {} : { authorization: `Bearer ${key}` },
      signal: AbortSignal.any([signal, AbortSignal.timeout(LIST_MS)]),
    });
    if (response.ok) rows = rowsOf(await response.json());
    else await response.body?.cancel();
    fault = response.ok ? 'it names none' : `status ${response.status}`;
  } catch (error) {
    signal.throwIfAborted();
    fault = reasonOf(error);
  }
  const row = wanted === null ? rows[0] : rows.find(({ id }) => id === wanted);
  const id = wanted ?? row?.id;
  if (id === undefined)
    throw new AskError(
      'UPSTREAM_FAILED',
      `The models of ${server} cannot be seen (${fault}); name one in sessions.model.`,
    );
  const context = row?.meta?.n_ctx ?? row?.max_model_len ?? row?.context_length ?? row?.meta?.n_ctx_train;
  return {
    ...{ id, url, key, server, context: context ?? CONTEXT },
    callsTools: true,
    seesImages:
      row?.architecture?.input_modalities.includes('image') === true ||
      row?.capabilities?.includes('multimodal') === true,
    isLoaded: true,
  };
};
