import type { Services } from '../../commands/services.ts';
import type { EngineView } from '../../contracts/views.ts';
import { installLabel, installStage } from '../commands/engine.ts';
import type { Output } from '../io.ts';
import { createProgress } from '../text/progress.ts';

const settled = (engine: EngineView): boolean => engine.state === 'ready' || engine.state === 'missing';

/** Shows an engine's installation until there is an engine or there is none, or until `signal` fires. */
export const waitForEngine = async (services: Services, output: Output, signal: AbortSignal): Promise<void> => {
  const progress = createProgress(output);
  const over = new AbortController();
  const look = (engine: EngineView): void => {
    if (over.signal.aborted) return;
    if (settled(engine)) {
      over.abort();
      return;
    }
    // A search takes a moment and needs no bar; an installation does.
    const label = output.isTTY ? installLabel(engine) : installStage(engine);
    if (label !== null && engine.state === 'installing') progress.update(label, engine.progress?.percent ?? null);
  };
  const unsubscribe = services.subscribe((changes) => {
    for (const change of changes) if (change.kind === 'engine') look(change.engine);
  });
  look(services.engine.view());
  const end = AbortSignal.any([signal, over.signal]);
  if (!end.aborted)
    await new Promise<void>((resolve) => end.addEventListener('abort', () => resolve(), { once: true }));
  unsubscribe();
  progress.clear();
};
