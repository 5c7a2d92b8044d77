/** Loading a model for an assistant: minutes may pass, so it is told how far it is. */
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js';
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js';
import type { Call } from './call.ts';
import { modelShape } from './shapes.ts';

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>;

/** Clients give up a call that is silent for 60 s, unless progress arrives. */
const PROGRESS_MS = 2000;

/** Reports progress until the returned function is called; does nothing for a client that did not ask for it. */
const report = (call: Call, model: string, { _meta, sendNotification, signal }: Extra): (() => void) => {
  const progressToken = _meta?.progressToken;
  if (progressToken === undefined) return () => undefined;
  let step = 0;
  const tell = async (): Promise<void> => {
    const { model: view } = await call('models:get', { modelId: model });
    if (signal.aborted) return;
    const far = view.progress === null ? '' : ` ${Math.round(view.progress)} %`;
    // The protocol wants it to rise; a load's own percentage may begin again after a crash.
    const progress = (step += 1);
    const params = { progressToken, progress, message: `${view.id} is ${view.state}${far}` };
    await sendNotification({ method: 'notifications/progress', params });
  };
  // A progress that could not be told is told the next time; the load itself says how it ended.
  const timer = setInterval(() => void tell().catch(() => undefined), PROGRESS_MS);
  return () => clearInterval(timer);
};

/** `{model}` once it is loaded. Rejects with the load's refusal or its cause. */
export const load = async (call: Call, model: string, extra: Extra): Promise<Record<string, unknown>> => {
  const stop = report(call, model, extra);
  try {
    const loaded = await call('models:load', { modelId: model });
    return { model: modelShape(loaded.model) };
  } finally {
    stop();
  }
};
