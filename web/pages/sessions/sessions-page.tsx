import { useNavigate, useParams } from '@solidjs/router';
import { createMemo, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { SessionView } from '../../../src/contracts/sessions.ts';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { createTicket } from '../../state/ticket.ts';
import { SessionDetail } from './session-detail.tsx';
import { SessionList } from './session-list.tsx';
import { createSessionStore } from './session-store.ts';
import { StartForm } from './start-form.tsx';
import './sessions.css';

const DOES = [
  'Opens pages, reads them, fills in forms and downloads, in a browser of its own on this machine.',
  'Asks you before it sends a form, pays, types a password, downloads, or opens a site that you did not name.',
  'Can be watched, paused and taken over by hand at any moment; every step and every decision is kept.',
] as const;
const MAY_NOT = [
  'Reach this server, your other devices or the files of this machine.',
  'Use your own browser, its logins or its cookies.',
  'Go on without limits: steps and minutes are counted.',
] as const;

/** What a session is, before there is one. */
const Explained = (): JSX.Element => (
  <section class="explained" aria-labelledby="explained-title">
    <h2 id="explained-title" class="explained__title">
      A model that works in a browser for you
    </h2>
    <div class="explained__columns">
      <div>
        <h3 class="explained__head">What it does</h3>
        <ul class="explained__list">
          <For each={DOES}>
            {(line) => (
              <li>
                <Icon name="check" /> {line}
              </li>
            )}
          </For>
        </ul>
      </div>
      <div>
        <h3 class="explained__head">What it may not do</h3>
        <ul class="explained__list explained__list--not">
          <For each={MAY_NOT}>
            {(line) => (
              <li>
                <Icon name="close" /> {line}
              </li>
            )}
          </For>
        </ul>
      </div>
    </div>
    <p class="explained__hint">It needs a model that calls tools; larger ones get further.</p>
  </section>
);

const SessionsPage = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const params = useParams<{ id?: string }>();
  const store = createSessionStore(app);
  const ticket = createTicket(app);
  const sessions = (): readonly SessionView[] => store.sessions() ?? [];
  const chosen = (): string | null => params.id ?? null;
  const session = createMemo(() => sessions().find(({ id }) => id === chosen()) ?? null);
  const count = (...statuses: SessionView['status'][]): number =>
    sessions().filter(({ status }) => statuses.includes(status)).length;
  /** What there is of each, so that nobody reads of none. */
  const summary = (): string => {
    const [working, waiting] = [count('init', 'running'), count('call_user')];
    const parts = [
      ...(working === 0 ? [] : [`${plural(working, 'session')} at work`]),
      ...(waiting === 0 ? [] : [`${plural(waiting, 'session')} waiting for you`]),
    ];
    return parts.length === 0 ? 'No session at work' : parts.join(', ');
  };

  return (
    <Page title="Sessions" summary={sessions().length === 0 || chosen() !== null ? undefined : summary()}>
      <Switch>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={store.problem() !== null && store.sessions() === null}>
          <EmptyState
            title="The sessions could not be fetched"
            actions={<Button onPress={store.again}>Try again</Button>}
          >
            <p>{store.problem()}</p>
          </EmptyState>
        </Match>
        <Match when={store.sessions() !== null && chosen() !== null}>
          <Show
            when={session()?.id}
            keyed
            fallback={
              <EmptyState
                title="This session is not here"
                actions={<Button onPress={() => navigate('/sessions')}>All sessions</Button>}
              >
                <p>It was removed, or it is somebody else’s.</p>
              </EmptyState>
            }
          >
            <Show when={session()}>{(shown) => <SessionDetail session={shown()} ticket={ticket} />}</Show>
          </Show>
        </Match>
        <Match when={store.sessions() !== null}>
          <div class="sessions">
            <StartForm
              ticket={ticket}
              onStarted={(started) => {
                store.put(started);
                navigate(`/sessions/${started.id}`);
              }}
            />
            <Show when={sessions().length > 0} fallback={<Explained />}>
              <SessionList sessions={sessions()} />
            </Show>
          </div>
        </Match>
      </Switch>
    </Page>
  );
};

export default SessionsPage;
