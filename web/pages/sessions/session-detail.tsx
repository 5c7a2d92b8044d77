/** One session: its browser, what happens in it, what it wants of a person, and what a person can do. */
import { A, useNavigate } from '@solidjs/router';
import { createMemo, createSignal, createUniqueId, For, Match, onMount, Show, Switch, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import { sessionHasEnded } from '../../../src/contracts/sessions.ts';
import type { SessionInput, SessionView } from '../../../src/contracts/sessions.ts';
import { bytes } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Menu } from '../../kit/menu.tsx';
import { ApprovalQuestion } from '../../shell/approval-question.tsx';
import { useApp } from '../../state/app.tsx';
import type { Ticket } from '../../state/ticket.ts';
import { createHand } from './hand.ts';
import { HandAddress, HandBar } from './hand-bar.tsx';
import { LiveView } from './live-view.tsx';
import { SayBox } from './say-box.tsx';
import { factsOf, lastPicture, mayContinue, STATUS_TONES, statusWords } from './session-words.ts';
import { Timeline } from './timeline.tsx';
import { createTranscript } from './transcript-store.ts';

const Title = (props: { session: SessionView; naming: boolean; onDone: () => void }): JSX.Element => {
  const app = useApp();
  const id = createUniqueId();
  const save = (title: string): void => {
    props.onDone();
    if (title.trim() === '' || title.trim() === props.session.title) return;
    app.client
      .request('sessions:update', { id: props.session.id, title: title.trim() })
      .catch((error: unknown) => app.toasts.failure('It was not renamed', error));
  };
  const Field = (): JSX.Element => {
    let field!: HTMLInputElement;
    onMount(() => {
      field.select();
    });
    return (
      <form
        class="session__rename"
        onSubmit={(event) => {
          event.preventDefault();
          save(field.value);
        }}
      >
        <label class="visually-hidden" for={id}>
          Name of the session
        </label>
        <input
          ref={field}
          id={id}
          class="input"
          maxLength={200}
          value={props.session.title}
          onKeyDown={(event) => {
            if (event.key === 'Escape') props.onDone();
          }}
        />
        <Button size="small" onPress={() => save(field.value)}>
          Rename
        </Button>
      </form>
    );
  };
  return (
    <Show when={props.naming} fallback={<h2 class="session__title">{props.session.title}</h2>}>
      <Field />
    </Show>
  );
};

const Downloads = (props: { session: SessionView; ticket: Ticket }): JSX.Element => (
  <Show when={props.session.downloads.length > 0}>
    <section class="session__downloads" aria-label="Downloads">
      <h3 class="session__part">Downloads</h3>
      <ul>
        <For each={props.session.downloads}>
          {(file) => (
            <li>
              <a class="session__download" href={props.ticket.address(file.url) ?? undefined} download={file.name}>
                <Icon name="download" />
                <span class="session__download-name">{file.name}</span>
                <span class="session__download-size">{bytes(file.size)}</span>
              </a>
            </li>
          )}
        </For>
      </ul>
    </section>
  </Show>
);

/** `session` keeps its id: another one is another detail. */
export const SessionDetail = (props: { session: SessionView; ticket: Ticket }): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const transcript = createTranscript(
    app,
    untrack(() => props.session.id),
  );
  const [naming, setNaming] = createSignal(false);
  const ended = (): boolean => sessionHasEnded(props.session.status);
  const picture = createMemo(() => {
    const path = lastPicture(transcript.entries());
    return path === null ? null : props.ticket.address(path);
  });
  const questions = createMemo(() =>
    app.approvals
      .waiting()
      .filter(({ id, session }) => session === props.session.id || id === props.session.approvalId),
  );
  const asks = (): boolean => props.session.question !== null && !props.session.byHand;
  const hand = createHand(
    (input) => app.client.request('sessions:input', { id: props.session.id, input }),
    (error) => app.toasts.failure('The browser did not do that', error),
  );
  const onInput = (input: SessionInput): void => hand(input);
  const act = (name: 'sessions:pause' | 'sessions:cancel' | 'sessions:take-over'): Promise<unknown> =>
    app.client.request(name, { id: props.session.id });
  const remove = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: 'Remove this session?',
      body: 'Its transcript, its pictures and what it downloaded are deleted. What was decided stays in the audit log.',
      confirm: 'Remove',
    });
    if (!yes) return;
    await app.client.request('sessions:remove', { id: props.session.id });
    navigate('/sessions');
  };

  return (
    <article class="session" aria-label={`Session: ${props.session.title}`}>
      <header class="session__head">
        <A class="quiet-link session__back" href="/sessions">
          All sessions
        </A>
        <div class="session__line">
          <Title session={props.session} naming={naming()} onDone={() => setNaming(false)} />
          <Menu
            label="More for this session"
            items={[
              { label: 'Rename', icon: 'edit', onPress: () => setNaming(true) },
              {
                label: 'What was decided',
                icon: 'check',
                onPress: () => navigate(`/audit?session=${encodeURIComponent(props.session.id)}`),
              },
              {
                label: 'Remove',
                icon: 'trash',
                onPress: () => {
                  remove().catch((error: unknown) => app.toasts.failure('It was not removed', error));
                },
              },
            ]}
          />
        </div>
      </header>

      <div class="session__left">
        <section class="browser" aria-label="Browser">
          <Show
            when={props.session.byHand}
            fallback={
              <div class="browser__address">
                <Icon name="globe" size={14} />
                <span class="browser__url">{props.session.page?.url ?? 'No page yet'}</span>
              </div>
            }
          >
            <HandAddress session={props.session} onInput={onInput} />
          </Show>
          <LiveView session={props.session} picture={picture()} onInput={onInput} />
        </section>
        <div class="session__status" data-tone={STATUS_TONES[props.session.status]}>
          <Badge tone={STATUS_TONES[props.session.status]}>{statusWords(props.session)}</Badge>
          <p class="session__message" role="status">
            {asks() ? 'It has a question for you.' : props.session.message}
          </p>
          <p class="session__facts">{factsOf(props.session, app.now())}</p>
        </div>
        <Show when={props.session.byHand}>
          <HandBar session={props.session} onInput={onInput} />
        </Show>
        <Show when={!ended()}>
          <div class="session__bar" role="group" aria-label="What you can do">
            <Show when={!props.session.byHand}>
              <Show when={props.session.status !== 'pause' && props.session.question === null}>
                <Button
                  icon="pause"
                  failure="It was not paused"
                  disabledReason={app.blocked()}
                  onPress={() => act('sessions:pause')}
                >
                  Pause
                </Button>
              </Show>
              <Button
                icon="hand"
                failure="The browser was not taken over"
                disabledReason={app.blocked()}
                onPress={() => act('sessions:take-over')}
              >
                Take over
              </Button>
            </Show>
            <span class="session__space" />
            <Button
              variant="danger"
              icon="stop"
              failure="The session was not cancelled"
              disabledReason={app.blocked()}
              onPress={() => act('sessions:cancel')}
            >
              Cancel
            </Button>
          </div>
        </Show>
      </div>

      <div class="session__right">
        <Show when={questions().length > 0}>
          <ul class="session__asks" aria-label="It asks for your consent">
            <For each={questions()}>
              {(approval) => (
                <li>
                  <ApprovalQuestion approval={approval} place={null} />
                </li>
              )}
            </For>
          </ul>
        </Show>
        <Show when={asks()}>
          <SayBox session={props.session} ticket={props.ticket} />
        </Show>
        <Show when={props.session.answer}>
          {(answer) => (
            <section class="session__answer" aria-label="Its answer">
              <h3 class="session__part">Its answer</h3>
              <p>{answer()}</p>
            </section>
          )}
        </Show>
        <Downloads session={props.session} ticket={props.ticket} />
        <Switch>
          <Match when={transcript.problem() !== null && !transcript.ready()}>
            <EmptyState
              title="What happened could not be fetched"
              actions={<Button onPress={transcript.again}>Try again</Button>}
            >
              <p>{transcript.problem()}</p>
            </EmptyState>
          </Match>
          <Match when={transcript.ready()}>
            <Timeline entries={transcript.entries()} ticket={props.ticket} />
          </Match>
        </Switch>
        <Show when={mayContinue(props.session) && !props.session.byHand && !asks()}>
          <SayBox session={props.session} ticket={props.ticket} />
        </Show>
      </div>
    </article>
  );
};
