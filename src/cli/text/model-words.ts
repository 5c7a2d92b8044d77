/** How models, the router and the engine are put into words, the same in every command. */
import type { EngineView, LifecycleState, MetricsView, ModelView, RouterView } from '../../contracts/views.ts';
import type { Colour } from './colors.ts';
import { relative, tokens } from './format.ts';
import type { Cell } from './table.ts';

const STATE_COLOURS: Record<LifecycleState, Colour> = {
  unloaded: 'dim',
  loading: 'yellow',
  loaded: 'green',
  stopping: 'yellow',
  error: 'red',
};

export const stateCell = (model: ModelView): Cell => {
  const percent = model.state === 'loading' && model.progress !== null ? ` ${Math.round(model.progress)} %` : '';
  return { text: `${model.state}${percent}`, colour: STATE_COLOURS[model.state] };
};

/** Why a model does not run and what happens next; null when there is nothing wrong. */
export const troubleOf = (model: ModelView, now: number): string | null => {
  if (model.failure !== null) {
    const next = model.gaveUp
      ? '; gave up, load it again when the cause is mended'
      : model.retryAt === null
        ? ''
        : `; tries again ${model.retryAt > now ? relative(model.retryAt, now) : 'now'}`;
    return `${model.failure.message.replace(/[.\s]+$/, '')}${next}`;
  }
  return model.problem;
};

/** Memory of one model's process in bytes, from the newest sample; null when it was not measured. */
export const memoryOf = (model: ModelView, metrics: MetricsView | null): number | null =>
  metrics?.processes.find((process) => process.source === `model:${model.id}`)?.memory ?? null;

export const contextOf = (model: ModelView): string => {
  const each = tokens(model.contextSize);
  return each !== '–' && model.slots !== null && model.slots > 1 ? `${each} × ${model.slots}` : each;
};

export const routerCell = (router: RouterView): Cell => {
  const parts: string[] = [router.state];
  if (router.url !== null && router.running) parts.push(router.url);
  parts.push(`preset ${router.preset}`);
  if (router.running) parts.push(`${router.inFlight} in flight`);
  if (router.failure !== null) parts.push(router.failure.message);
  return { text: parts.join(', '), colour: STATE_COLOURS[router.state] };
};

export const engineCell = (engine: EngineView): Cell => {
  switch (engine.state) {
    case 'ready': {
      const build = engine.build === null ? '' : ` (build ${engine.build})`;
      return {
        text: `llama-server ${engine.version ?? 'of unknown version'}${build}, ${engine.path ?? ''}`,
        colour: 'green',
      };
    }
    case 'missing':
      return {
        text: `missing: ${engine.problem ?? 'no llama-server was found; run `llamactor engine install`'}`,
        colour: 'red',
      };
    case 'installing': {
      const percent = engine.progress?.percent ?? null;
      return {
        text: `installing${engine.progress === null ? '' : `: ${engine.progress.stage}`}${percent === null ? '' : ` ${Math.round(percent)} %`}`,
        colour: 'yellow',
      };
    }
    case 'checking':
    case 'unknown':
      return { text: 'being looked for', colour: 'yellow' };
  }
};
