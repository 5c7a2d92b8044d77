import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { RunView } from '../../../src/contracts/runs.ts';
import { Badge } from '../../kit/badge.tsx';
import { Moment } from '../../kit/moment.tsx';
import { useApp } from '../../state/app.tsx';
import { cost, STATE_TONES, stateWords, tokensOf, tookOf } from './run-words.ts';

const factsOf = (run: RunView, now: number): string =>
  [run.tool, tookOf(run, now), tokensOf(run), run.costUsd === null ? null : cost(run.costUsd)]
    .filter((part) => part !== null)
    .join(' · ');

/** All runs, newest first; each leads to its own address. */
export const RunList = (props: { runs: readonly RunView[]; chosen: string | null }): JSX.Element => {
  const app = useApp();
  return (
    <ul class="run-list" aria-label="Runs">
      <For each={props.runs.map(({ id }) => id)}>
        {(id) => {
          const run = (): RunView | undefined => props.runs.find((one) => one.id === id);
          return (
            <Show when={run()}>
              {(shown) => (
                <li>
                  <A
                    class="run-row"
                    href={`/runs/${id}`}
                    aria-current={props.chosen === id ? 'true' : undefined}
                    data-chosen={props.chosen === id ? '' : undefined}
                  >
                    <span class="run-row__title">{shown().title}</span>
                    <Badge tone={STATE_TONES[shown().state]}>{stateWords(shown())}</Badge>
                    <span class="run-row__facts">{shown().activity ?? factsOf(shown(), app.now())}</span>
                    <span class="run-row__at">
                      <Moment at={shown().createdAt} />
                    </span>
                  </A>
                </li>
              )}
            </Show>
          );
        }}
      </For>
    </ul>
  );
};
