import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { LifecycleState } from '../../src/contracts/views.ts';
import { bytes, exactBytes } from '../format/numbers.ts';
import { Meter } from '../kit/progress-bar.tsx';
import { useApp } from '../state/app.tsx';
import { Panel } from './panel.tsx';

/** Beyond this many, cells are too thin to count and the numbers alone speak. */
const MOST_CELLS = 16;

export const TotalsPanel = (): JSX.Element => {
  const app = useApp();
  /** States of the models that hold a place, in the order of the cells. */
  const holding = createMemo(() => {
    const order: LifecycleState[] = ['loaded', 'loading', 'stopping'];
    return app.live
      .models()
      .map((model) => model.state)
      .filter((state) => order.includes(state))
      .sort((a, b) => order.indexOf(a) - order.indexOf(b));
  });
  const max = (): number | null => app.slices.config()?.modelsMax ?? null;
  const loaded = (): number => holding().filter((state) => state === 'loaded').length;
  const cells = (): (LifecycleState | 'free')[] => {
    const held = holding();
    return [...held, ...new Array<'free'>(Math.max(0, (max() ?? 0) - held.length)).fill('free')];
  };

  return (
    <Show when={app.live.ready()}>
      <Panel
        title="Loaded"
        aside={
          <span data-testid="loaded-total">
            {loaded()}
            <Show when={max()}>{(most) => <> of {most()}</>}</Show>
          </span>
        }
      >
        <Show when={cells().length > 0 && cells().length <= MOST_CELLS}>
          <div class="slots" aria-hidden="true">
            <For each={cells()}>{(cell) => <span class="slots__cell" data-tone={cell} />}</For>
          </div>
        </Show>
      </Panel>
      <Show when={app.slices.metrics()}>
        {(metrics) => (
          <Panel
            title="Memory"
            aside={
              <span
                data-tip={`${exactBytes(metrics().memory.usedBytes)} of ${exactBytes(metrics().memory.totalBytes)}`}
              >
                {bytes(metrics().memory.usedBytes)} of {bytes(metrics().memory.totalBytes)}
              </span>
            }
          >
            <div class="panel__stack">
              <Meter
                value={metrics().memory.usedBytes}
                max={metrics().memory.totalBytes}
                label="Memory in use"
                text={`${bytes(metrics().memory.usedBytes)} of ${bytes(metrics().memory.totalBytes)}`}
              />
            </div>
          </Panel>
        )}
      </Show>
      <For each={app.slices.metrics()?.gpus.filter((gpu) => gpu.memoryTotal !== null) ?? []}>
        {(gpu) => (
          <Panel title={gpu.name} aside={`${bytes(gpu.memoryUsed ?? 0)} of ${bytes(gpu.memoryTotal ?? 0)}`}>
            <div class="panel__stack">
              <Meter
                value={gpu.memoryUsed ?? 0}
                max={gpu.memoryTotal ?? 0}
                label={`Memory of ${gpu.name} in use`}
                text={`${bytes(gpu.memoryUsed ?? 0)} of ${bytes(gpu.memoryTotal ?? 0)}`}
              />
            </div>
          </Panel>
        )}
      </For>
    </Show>
  );
};
