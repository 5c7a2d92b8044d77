/** All sessions, newest first; each leads to its own address. */
import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { SessionView } from '../../../src/contracts/sessions.ts';
import { Badge } from '../../kit/badge.tsx';
import { Moment } from '../../kit/moment.tsx';
import { useApp } from '../../state/app.tsx';
import { factsOf, STATUS_TONES, statusWords } from './session-words.ts';

export const SessionList = (props: { sessions: readonly SessionView[] }): JSX.Element => {
  const app = useApp();
  return (
    <ul class="session-list" aria-label="Sessions">
      <For each={props.sessions.map(({ id }) => id)}>
        {(id) => (
          <Show when={props.sessions.find((one) => one.id === id)}>
            {(session) => (
              <li>
                <A class="session-row" href={`/sessions/${id}`}>
                  <span class="session-row__title">{session().title}</span>
                  <Badge tone={STATUS_TONES[session().status]}>{statusWords(session())}</Badge>
                  <span class="session-row__message">{session().answer ?? session().message}</span>
                  <span class="session-row__facts">{factsOf(session(), app.now())}</span>
                  <span class="session-row__at">
                    <Moment at={session().createdAt} />
                  </span>
                </A>
              </li>
            )}
          </Show>
        )}
      </For>
    </ul>
  );
};
