import type { ApiDeps } from './api-deps.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import type { Lane } from './lane.ts';

/** Deadlines of what is asked of the control plane. It ends its own waits earlier; this is for one that says nothing. */
export const STEER_MS = 30_000;
export const UNLOAD_MS = 120_000;
const LOAD_MS = 3_600_000;

export const isRunning = ({ route }: Lane): boolean => route.state === 'loaded' || route.state === 'loading';

/** Begins a load or unload whose end nobody waits for; a failure is told by the route table and by the log. */
export const beginLoad = ({ control, log }: ApiDeps, { route }: Lane, key: CheckedKey | null): void => {
  control
    .call('models:load', { modelId: route.id }, LOAD_MS, key)
    .catch((error: unknown) => log('warn', `${route.id} was not loaded: ${sentence(error)}`));
};

export const beginUnload = ({ control, log }: ApiDeps, { route }: Lane, key: CheckedKey | null): void => {
  control
    .call('models:unload', { modelId: route.id }, UNLOAD_MS, key)
    .catch((error: unknown) => log('warn', `${route.id} was not unloaded: ${sentence(error)}`));
};

/** Unloads these models; rejects with the first refusal, after all have settled. */
export const unloadAll = async (
  { control }: ApiDeps,
  lanes: readonly Lane[],
  key: CheckedKey | null,
): Promise<void> => {
  const outcomes = await Promise.allSettled(
    lanes.map(({ route }) => control.call('models:unload', { modelId: route.id }, UNLOAD_MS, key)),
  );
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
};

const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error));
