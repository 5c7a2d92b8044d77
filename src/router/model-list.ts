import type { Route } from '../contracts/ipc.ts';

/** A model whose file is gone stays in the table for its error, but is nothing to choose from. */
const isUsable = (route: Route): boolean => route.failure?.code !== 'NOT_FOUND';

/** One entry of `GET /v1/models`: OpenAI's fields, and those that llama.cpp's own server adds. */
const modelItem = (route: Route): Record<string, unknown> => {
  const { metadata } = route;
  return {
    id: route.id,
    object: 'model',
    created: route.created,
    owned_by: 'llamactor',
    aliases: route.names.filter((name) => name !== route.id),
    status: {
      value: route.state,
      ...(route.progress === null ? {} : { progress: route.progress }),
      ...(route.failure === null ? {} : { failed: true, message: route.failure.message }),
    },
    context_length: route.contextLength ?? metadata?.contextLength ?? null,
    ...(metadata === null
      ? {}
      : { architecture: { input_modalities: metadata.inputModalities, output_modalities: metadata.outputModalities } }),
    meta: {
      size: route.size,
      n_ctx: route.contextLength,
      n_ctx_train: metadata?.contextLength ?? null,
      n_embd: metadata?.embeddingLength ?? null,
      n_params: metadata?.parameters ?? null,
      n_vocab: metadata?.vocabularySize ?? null,
      ftype: metadata?.quantization ?? null,
    },
  };
};

export const modelList = (routes: readonly Route[]): Record<string, unknown> => ({
  object: 'list',
  data: routes.filter(isUsable).map(modelItem),
});

export const singleModel = (route: Route): Record<string, unknown> | null =>
  isUsable(route) ? modelItem(route) : null;
