import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { DeviceBytesView, ModelView } from '../../../src/contracts/views.ts';
import { bytes, exactBytes } from '../../format/numbers.ts';
import { useApp } from '../../state/app.tsx';

interface DeviceRow {
  device: string;
  estimated: number;
  measured: number | null;
}

/** One row for each device that either account mentions; `nameOf` names a GPU by its place. Pure. */
export const memoryRows = (
  estimated: DeviceBytesView,
  measured: DeviceBytesView | null,
  nameOf: (gpu: number) => string,
): DeviceRow[] => {
  const gpus = Math.max(estimated.gpus.length, measured?.gpus.length ?? 0);
  const rows: DeviceRow[] = [
    { device: 'Main memory', estimated: estimated.ram, measured: measured?.ram ?? null },
    ...Array.from({ length: gpus }, (_, gpu) => ({
      device: nameOf(gpu),
      estimated: estimated.gpus[gpu] ?? 0,
      measured: measured === null ? null : (measured.gpus[gpu] ?? 0),
    })),
  ];
  return rows.filter((row) => row.estimated > 0 || (row.measured ?? 0) > 0);
};

const Bar = (props: { value: number; most: number; kind: 'estimated' | 'measured' }): JSX.Element => (
  <span class="memory__track">
    <span
      class="memory__fill"
      data-kind={props.kind}
      style={{ '--share': String(props.most > 0 ? props.value / props.most : 0) }}
    />
  </span>
);

/** What it was expected to take beside what it really took, by device. */
export const MemorySection = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  const gpuName = (gpu: number): string => app.slices.metrics()?.gpus[gpu]?.name ?? `GPU ${String(gpu)}`;
  const rows = () => memoryRows(props.model.memory.estimated, props.model.memory.measured, gpuName);
  const most = (): number => Math.max(1, ...rows().flatMap((row) => [row.estimated, row.measured ?? 0]));
  return (
    <Show when={rows().length > 0}>
      <section class="memory">
        <h3 class="drawer__heading">Memory</h3>
        <For each={rows()}>
          {(row) => (
            <div class="memory__device">
              <h4 class="memory__name">{row.device}</h4>
              <dl>
                <div class="memory__row">
                  <dt>Estimated</dt>
                  <dd data-tip={exactBytes(row.estimated)}>
                    <Bar value={row.estimated} most={most()} kind="estimated" />
                    {bytes(row.estimated)}
                  </dd>
                </div>
                <div class="memory__row">
                  <dt>Measured</dt>
                  <dd data-tip={row.measured === null ? undefined : exactBytes(row.measured)}>
                    <Bar value={row.measured ?? 0} most={most()} kind="measured" />
                    {row.measured === null ? 'not yet' : bytes(row.measured)}
                  </dd>
                </div>
              </dl>
            </div>
          )}
        </For>
        <Show when={props.model.memory.measured === null}>
          <p class="memory__note">Its first load measures what it really takes; the estimate is corrected by that.</p>
        </Show>
      </section>
    </Show>
  );
};
