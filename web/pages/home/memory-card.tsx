import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../format/model.ts';
import { bytes, exactBytes } from '../../format/numbers.ts';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { memoryShares } from './memory-shares.ts';
import type { MemoryShare } from './memory-shares.ts';

const SERIES = 6;
const WORDS = { llamactor: 'Llamactor itself', other: 'Other programs', free: 'Free' } as const;

/** The machine's memory, by who has it. */
export const MemoryCard = (): JSX.Element => {
  const app = useApp();
  const shares = createMemo(() => {
    const metrics = app.slices.metrics();
    return metrics === null ? [] : memoryShares(metrics);
  });
  const nameOf = (share: MemoryShare): string => {
    if (share.kind !== 'model') return WORDS[share.kind];
    const model = app.live.model(share.key.slice('model:'.length));
    return model === undefined ? share.key.slice('model:'.length) : displayName(model);
  };
  const series = (index: number, share: MemoryShare): number | undefined =>
    share.kind === 'model' || share.kind === 'llamactor' ? (index % SERIES) + 1 : undefined;
  return (
    <Show when={app.slices.metrics()}>
      {(metrics) => (
        <Card title="Who has the memory" aside={`of ${bytes(metrics().memory.totalBytes)}`}>
          <div class="memory">
            <div class="memory__bar" aria-hidden="true">
              <For each={shares()}>
                {(share, index) => (
                  <span
                    class="memory__part"
                    data-kind={share.kind}
                    data-series={series(index(), share)}
                    style={{ 'flex-grow': String(share.bytes / metrics().memory.totalBytes) }}
                  />
                )}
              </For>
            </div>
            <ul>
              <For each={shares()}>
                {(share, index) => (
                  <li class="memory__entry">
                    <span
                      class="memory__swatch"
                      data-kind={share.kind}
                      data-series={series(index(), share)}
                      aria-hidden="true"
                    />
                    <span class="memory__name">{nameOf(share)}</span>
                    <span data-tip={exactBytes(share.bytes)}>{bytes(share.bytes)}</span>
                  </li>
                )}
              </For>
            </ul>
          </div>
        </Card>
      )}
    </Show>
  );
};
