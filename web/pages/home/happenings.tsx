import { A } from '@solidjs/router';
import { createMemo, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../format/model.ts';
import { Moment } from '../../kit/moment.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { storyOf } from './story.ts';
import type { Happening } from './story.ts';

const WORDS: Readonly<Record<Happening['kind'], string>> = {
  admitted: 'Admitted',
  evicted: 'Made room',
  yielded: 'Yields',
  queued: 'Waited',
  refused: 'Refused',
  restarted: 'Restarted',
  'gave-up': 'Given up',
  failed: 'Failed',
};
const TONES: Readonly<Record<Happening['kind'], string>> = {
  admitted: 'loaded',
  evicted: 'stopping',
  yielded: 'stopping',
  queued: 'stopping',
  refused: 'error',
  restarted: 'loading',
  'gave-up': 'error',
  failed: 'error',
};

/** What was decided and what went wrong, newest first, each with its reason. */
export const Happenings = (): JSX.Element => {
  const app = useApp();
  const story = createMemo(() => storyOf(app.slices.decisions(), app.live.models()));
  const nameOf = (id: string): string => {
    const model = app.live.model(id);
    return model === undefined ? id : displayName(model);
  };
  return (
    <Card
      title="What happened"
      aside={
        <A class="quiet-link" href="/logs">
          Open the log
        </A>
      }
    >
      <Show
        when={story().length > 0}
        fallback={
          <p class="card__empty">Nothing yet. Loads, evictions, restarts and failures show here, with the reason.</p>
        }
      >
        <ol class="happenings">
          <For each={story()}>
            {(happening) => (
              <li class="happening" data-tone={TONES[happening.kind]}>
                <span class="happening__kind">
                  <span class="happening__dot" aria-hidden="true" />
                  {WORDS[happening.kind]}
                </span>
                <div class="happening__words">
                  <A class="happening__model" href={`/models?model=${encodeURIComponent(happening.modelId)}`}>
                    {nameOf(happening.modelId)}
                  </A>
                  <p class="happening__reason">{happening.reason}</p>
                </div>
                <span class="happening__at">
                  <Moment at={happening.at} />
                </span>
              </li>
            )}
          </For>
        </ol>
      </Show>
    </Card>
  );
};
