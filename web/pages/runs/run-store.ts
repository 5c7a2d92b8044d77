/** The runs of whoever looks, kept by broadcasts, with the commands there are. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { RunLimitsView, RunToolView, RunView } from '../../../src/contracts/runs.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { withRun } from './run-words.ts';

export interface RunStore {
  /** Newest first; null until they have been fetched. */
  runs: Accessor<readonly RunView[] | null>;
  tools: Accessor<readonly RunToolView[]>;
  limits: Accessor<RunLimitsView | null>;
  problem: Accessor<string | null>;
  again: () => void;
}

const MOST = 200;

export const createRunStore = ({ client, live }: Pick<App, 'client' | 'live'>): RunStore => {
  const [runs, setRuns] = createSignal<readonly RunView[] | null>(null);
  const [tools, setTools] = createSignal<readonly RunToolView[]>([]);
  const [limits, setLimits] = createSignal<RunLimitsView | null>(null);
  const [problem, setProblem] = createSignal<string | null>(null);

  const fetchAll = (): void => {
    client.request('runs:list', { limit: MOST }).then(
      (result) => {
        setProblem(null);
        setRuns(result.runs);
        setTools(result.tools);
        setLimits(result.limits);
      },
      (error: unknown) => {
        // A lost connection is told by itself; the next one fetches again.
        if (live.connection().connected) setProblem(messageOf(error));
      },
    );
  };
  createEffect(
    on(
      () => live.connection().phase === 'live',
      (isLive) => {
        if (isLive) fetchAll();
      },
    ),
  );
  const off = [
    client.on('runs:updated', ({ run }) => setRuns((held) => (held === null ? held : withRun(held, run)))),
    client.on('runs:removed', ({ runId }) => setRuns((held) => held?.filter(({ id }) => id !== runId) ?? null)),
    // Which commands there are follows the configuration.
    client.on('config:updated', fetchAll),
  ];
  onCleanup(() => {
    for (const end of off) end();
  });
  return { runs, tools, limits, problem, again: fetchAll };
};
