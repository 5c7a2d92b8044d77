import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { GpuMetricsView, MetricsView } from '../../../src/contracts/views.ts';
import { bytes, exactBytes, grouped, percent, plural } from '../../format/numbers.ts';
import { Sparkline } from '../../kit/sparkline.tsx';
import { useApp } from '../../state/app.tsx';

const WINDOW = 15 * 60_000;

interface InstrumentProps {
  title: string;
  value: string;
  /** What the number means, in small. */
  note: string;
  tip?: string | undefined;
  read: (sample: MetricsView) => number | null;
  /** Top of the scale; left out, the highest value seen is. */
  max?: number;
  series: number;
}

const Instrument = (props: InstrumentProps): JSX.Element => {
  const app = useApp();
  const points = createMemo(() => {
    const since = (app.samples.list().at(-1)?.timestamp ?? 0) - WINDOW;
    return app.samples
      .list()
      .filter((sample) => sample.timestamp >= since)
      .flatMap((sample): [number, number][] => {
        const value = props.read(sample);
        return value === null ? [] : [[sample.timestamp, value]];
      });
  });
  const top = (): number => props.max ?? Math.max(1, ...points().map(([, value]) => value));
  return (
    <section class="instrument" aria-label={props.title} data-series={props.series}>
      <h2 class="instrument__title">{props.title}</h2>
      <p class="instrument__value" data-tip={props.tip}>
        {props.value}
      </p>
      <p class="instrument__note" data-tip={props.note}>
        {props.note}
      </p>
      <Sparkline points={points()} max={top()} />
    </section>
  );
};

const gpuNote = (gpu: GpuMetricsView): string =>
  [
    gpu.memoryUsed === null || gpu.memoryTotal === null
      ? null
      : `${bytes(gpu.memoryUsed)} of ${bytes(gpu.memoryTotal)}`,
    gpu.temperature === null ? null : `${String(Math.round(gpu.temperature))}\u00a0°C`,
    gpu.powerUsage === null ? null : `${String(Math.round(gpu.powerUsage))}\u00a0W`,
  ]
    .filter((part) => part !== null)
    .join(' · ');

const placeholder = (): JSX.Element => (
  <div class="instruments" aria-hidden="true">
    <For each={[0, 1, 2, 3]}>{() => <div class="instrument instrument--empty" />}</For>
  </div>
);

/** What the machine does, as numbers with a quarter of an hour behind them. */
export const Instruments = (): JSX.Element => {
  const app = useApp();
  return (
    <Show when={app.slices.metrics()} fallback={<Show when={app.slices.problem() === null}>{placeholder()}</Show>}>
      {(metrics) => (
        <div class="instruments">
          <Instrument
            title="CPU"
            value={percent(metrics().cpu.usage)}
            note={`${plural(metrics().cpu.cores, 'core')} · load ${metrics().cpu.load.toFixed(1)}`}
            read={(sample) => sample.cpu.usage}
            max={100}
            series={1}
          />
          <Instrument
            title="Memory"
            value={percent(metrics().memory.used)}
            note={`${bytes(metrics().memory.usedBytes)} of ${bytes(metrics().memory.totalBytes)}`}
            tip={exactBytes(metrics().memory.usedBytes)}
            read={(sample) => sample.memory.used}
            max={100}
            series={2}
          />
          <For each={metrics().gpus}>
            {(gpu, index) => (
              <Instrument
                title={gpu.name}
                value={gpu.usage === null ? '–' : percent(gpu.usage)}
                note={gpuNote(gpu)}
                read={(sample) => sample.gpus[index()]?.usage ?? null}
                max={100}
                series={3}
              />
            )}
          </For>
          <Instrument
            title="Disk"
            value={percent(metrics().disk.used)}
            note={`${bytes(metrics().disk.totalBytes - metrics().disk.usedBytes)} free of ${bytes(metrics().disk.totalBytes)}`}
            tip={`${exactBytes(metrics().disk.usedBytes)} in use`}
            read={(sample) => sample.disk.used}
            max={100}
            series={5}
          />
          <Instrument
            title="Requests"
            value={`${grouped(metrics().requestsPerMinute)}\u00a0/\u00a0min`}
            note={`${grouped(app.live.router()?.inFlight ?? 0)} in flight`}
            read={(sample) => sample.requestsPerMinute}
            series={4}
          />
        </div>
      )}
    </Show>
  );
};
