import type { Route } from '../contracts/ipc.ts';

/** A model whose file is gone stays in the table for its error, but is nothing to choose from. */
export const isUsable = (route: Route): boolean => route.failure?.code !== 'NOT_FOUND';

/** One entry of `GET /v1/models`: OpenAI's fields, Anthropic's, and those that llama.cpp's own server adds. */
const modelItem = (route: Route): Record<string, unknown> => {
  const { metadata } = route;
  return {
    id: route.id,
    object: 'model',
    created: route.created,
    owned_by: 'llamactor',
    type: 'model',
    display_name: metadata?.name ?? route.id,
    created_at: new Date(route.created * 1000).toISOString(),
    aliases: route.names.filter((name) => name !== route.id),
    status: {
      value: route.state,
      ...(route.progress === null ? {} : { progress: route.progress }),
      ...(route.failure === null ? {} : { failed: true, message: route.failure.message }),
    },
    context_length: route.contextLength ?? metadata?.contextLength ?? null,
    ...factsOf(route),
  };
};

/** What the file and the engine say about a model, in llama.cpp's words. */
export const factsOf = ({ metadata, size, contextLength }: Route): Record<string, unknown> => ({
  ...(metadata === null
    ? {}
    : { architecture: { input_modalities: metadata.inputModalities, output_modalities: metadata.outputModalities } }),
  meta: {
    size,
    n_ctx: contextLength,
    n_ctx_train: metadata?.contextLength ?? null,
    n_embd: metadata?.embeddingLength ?? null,
    n_params: metadata?.parameters ?? null,
    n_vocab: metadata?.vocabularySize ?? null,
    ftype: metadata?.quantization ?? null,
  },
});

/** One page holds everything, which is what `has_more` says to clients that would ask for the next one. */
export const modelList = (routes: readonly Route[]): Record<string, unknown> => {
  const usable = routes.filter(isUsable);
  return {
    object: 'list',
    data: usable.map(modelItem),
    has_more: false,
    first_id: usable[0]?.id ?? null,
    last_id: usable.at(-1)?.id ?? null,
  };
};

export const singleModel = (route: Route): Record<string, unknown> | null =>
  isUsable(route) ? modelItem(route) : null;
