import { createEffect, createSignal, For, on, onCleanup, onMount } from 'solid-js';
import type { JSX } from 'solid-js';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useApp } from '../../state/app.tsx';
import { clock, exact } from '../../format/time.ts';
import type { Columns } from './series.ts';
import '../../kit/series.css';
import './time-chart.css';

export interface TimeChartProps {
  title: string;
  labels: readonly string[];
  columns: Columns;
  /** Epoch ms. */
  since: number;
  until: number;
  /** Top of the scale; left out, it fits what is shown. */
  max?: number | undefined;
  format: (value: number) => string;
  /** Charts with the same name share their cursor. */
  sync: string;
}

const HEIGHT = 180;
const SERIES = 6;

/** A custom property as a colour that a canvas understands: it does not know `light-dark()`. */
const colourOf = (host: HTMLElement, name: string): string => {
  const probe = document.createElement('span');
  probe.style.color = `var(${name})`;
  host.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
};

const faded = (colour: string, alpha: number): string => {
  const parts = /(\d+), (\d+), (\d+)/.exec(colour);
  return parts === null ? colour : `rgba(${parts.slice(1).join(', ')}, ${String(alpha)})`;
};

/** Lines over time. The values under the pointer, or the last ones, stand in the legend, in words. */
export const TimeChart = (props: TimeChartProps): JSX.Element => {
  const app = useApp();
  const [at, setAt] = createSignal<number | null>(null);
  let host!: HTMLDivElement;
  let plot: uPlot | null = null;

  const options = (): uPlot.Options => {
    const ink = colourOf(host, '--ink-3');
    const line = colourOf(host, '--line');
    const font = `11px ${getComputedStyle(host).fontFamily}`;
    const axis = { stroke: ink, font, grid: { stroke: line, width: 1 }, ticks: { show: false } };
    return {
      width: host.clientWidth,
      height: HEIGHT,
      padding: [8, 4, 0, 0],
      legend: { show: false },
      cursor: { sync: { key: props.sync }, points: { size: 7 }, drag: { x: false, y: false } },
      scales: {
        x: { time: true, range: () => [props.since / 1000, props.until / 1000] },
        y: { range: (_plot, _low, high) => [0, props.max ?? (Number.isFinite(high) && high > 0 ? high * 1.15 : 1)] },
      },
      axes: [
        {
          ...axis,
          space: 76,
          size: 28,
          values: (_plot, splits) => splits.map((second) => clock(second * 1000, props.until - props.since < 600_000)),
        },
        {
          ...axis,
          size: 62,
          space: 36,
          values: (_plot, splits) => splits.map((value) => props.format(value).replace(/\.0(?=\u00a0)/, '')),
        },
      ],
      series: [
        {},
        ...props.labels.map((label, index): uPlot.Series => {
          const colour = colourOf(host, `--series-${String((index % SERIES) + 1)}`);
          return {
            label,
            stroke: colour,
            width: 1.75,
            spanGaps: false,
            points: { show: false },
            // One series may have a ground; several would hide each other.
            ...(props.labels.length === 1 ? { fill: faded(colour, 0.12) } : {}),
            ...(index >= SERIES ? { dash: [6, 4] } : {}),
          };
        }),
      ],
      hooks: { setCursor: [(own) => setAt(own.cursor.idx ?? null)] },
    };
  };
  const draw = (): void => {
    plot?.destroy();
    plot = host.clientWidth === 0 ? null : new uPlot(options(), props.columns, host);
  };

  onMount(() => {
    draw();
    const observer = new ResizeObserver(() => {
      if (plot === null) draw();
      else if (plot.width !== host.clientWidth) plot.setSize({ width: host.clientWidth, height: HEIGHT });
    });
    observer.observe(host);
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', draw);
    onCleanup(() => {
      observer.disconnect();
      scheme.removeEventListener('change', draw);
      plot?.destroy();
    });
  });
  createEffect(on([() => props.labels.join('\n'), app.theme.theme], draw, { defer: true }));
  createEffect(
    on([() => props.columns, () => props.since, () => props.max], () => plot?.setData(props.columns), { defer: true }),
  );

  const row = (): number => {
    const last = props.columns[0].length - 1;
    const pointed = at();
    return pointed === null || pointed > last ? last : pointed;
  };
  const valueOf = (index: number): string => {
    const value = props.columns[index + 1]?.[row()] ?? null;
    return value === null ? '–' : props.format(value);
  };
  return (
    <figure class="time-chart">
      <div ref={host} class="time-chart__plot" role="img" aria-label={`${props.title} over time`} />
      <figcaption class="time-chart__legend">
        <For each={props.labels}>
          {(label, index) => (
            <span class="time-chart__entry" data-series={(index() % SERIES) + 1}>
              <span class="time-chart__swatch" data-dashed={index() >= SERIES ? '' : undefined} aria-hidden="true" />
              {label} <strong>{valueOf(index())}</strong>
            </span>
          )}
        </For>
        <span class="time-chart__at">{at() === null ? 'latest' : exact((props.columns[0][row()] ?? 0) * 1000)}</span>
      </figcaption>
    </figure>
  );
};
