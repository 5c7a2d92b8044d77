/** What happened in a session, oldest first; it stays at its end while that is in sight. */
import { createEffect, createMemo, For, Match, on, onCleanup, onMount, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { SessionEntryView, SessionFileView } from '../../../src/contracts/sessions.ts';
import { brief, clockTime } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { Icon } from '../../kit/icons.tsx';
import type { IconName } from '../../kit/icon-paths.ts';
import { Picture } from '../../kit/picture.tsx';
import type { Ticket } from '../../state/ticket.ts';
import { stepMark, TOOL_ICONS } from './session-words.ts';

type Step = Extract<SessionEntryView, { kind: 'step' }>;
type Of<K extends SessionEntryView['kind']> = Extract<SessionEntryView, { kind: K }>;

const iconOf = (entry: SessionEntryView): IconName => {
  switch (entry.kind) {
    case 'step':
      return TOOL_ICONS[entry.tool];
    case 'instruction':
      return 'people';
    case 'question':
      return 'chat';
    case 'summary':
      return 'text';
    case 'note':
      return entry.level === 'info' ? 'info' : 'alert';
  }
};
const toneOf = (entry: SessionEntryView): string => {
  if (entry.kind === 'step') return stepMark(entry)?.tone ?? 'neutral';
  if (entry.kind === 'note') return entry.level === 'error' ? 'error' : entry.level === 'warn' ? 'stopping' : 'neutral';
  return entry.kind === 'question' && entry.answer === null ? 'stopping' : 'neutral';
};

const Files = (props: { files: readonly SessionFileView[] }): JSX.Element => (
  <Show when={props.files.length > 0}>
    <ul class="entry__files" aria-label="Files">
      <For each={props.files}>
        {(file) => (
          <li>
            <Icon name="attach" size={12} /> {file.fileName}
          </li>
        )}
      </For>
    </ul>
  </Show>
);

/** Who said what. */
const Said = (props: { who: string; text: string }): JSX.Element => (
  <div class="entry__said">
    <span class="entry__who">{props.who}</span>
    <p class="entry__text">{props.text}</p>
  </div>
);

const StepBody = (props: { step: Step; ticket: Ticket }): JSX.Element => {
  const mark = () => stepMark(props.step);
  return (
    <>
      <div class="entry__head">
        <span class="entry__title">{props.step.title}</span>
        <Show when={mark()}>{(shown) => <Badge tone={shown().tone}>{shown().words}</Badge>}</Show>
      </div>
      <div class="entry__body" data-picture={props.step.picture === null ? undefined : ''}>
        <div class="entry__words">
          <Show when={props.step.words}>
            <p class="entry__text">{props.step.words}</p>
          </Show>
          <Show when={props.step.why}>
            <p class="entry__why">{props.step.why}</p>
          </Show>
          <Show when={props.step.thought}>
            <details class="entry__more">
              <summary>What it thought</summary>
              <p class="entry__thought">{props.step.thought}</p>
            </details>
          </Show>
          <Show when={props.step.result}>
            <details class="entry__more">
              <summary>
                What it was told
                <Show when={props.step.tookMs}>{(ms) => <span class="entry__took"> · {brief(ms())}</span>}</Show>
              </summary>
              <pre class="entry__result" tabindex="0" aria-label={`What it was told of: ${props.step.title}`}>
                {props.step.result}
              </pre>
            </details>
          </Show>
        </div>
        <Show when={props.step.picture}>
          {(path) => (
            <div class="entry__picture">
              <Picture src={props.ticket.address(path())} label={`After: ${props.step.title}`} />
            </div>
          )}
        </Show>
      </div>
    </>
  );
};

const Entry = (props: { entry: SessionEntryView; ticket: Ticket }): JSX.Element => {
  const as = <K extends SessionEntryView['kind']>(kind: K): Of<K> | null =>
    props.entry.kind === kind ? (props.entry as Of<K>) : null;
  return (
    <li class="entry" data-kind={props.entry.kind} data-tone={toneOf(props.entry)}>
      <span class="entry__icon">
        <Icon name={iconOf(props.entry)} size={14} />
      </span>
      <div class="entry__main">
        <Switch>
          <Match when={as('step')}>{(step) => <StepBody step={step()} ticket={props.ticket} />}</Match>
          <Match when={as('instruction')}>
            {(said) => (
              <>
                <Said who={said().who} text={said().text} />
                <Files files={said().files} />
              </>
            )}
          </Match>
          <Match when={as('question')}>
            {(asked) => (
              <>
                <Said who="It asks" text={asked().text} />
                <Show when={asked().answer}>
                  {(answer) => <Said who={asked().who ?? 'Somebody'} text={answer()} />}
                </Show>
              </>
            )}
          </Match>
          <Match when={as('summary')}>
            {(summary) => (
              <details class="entry__more">
                <summary>What came before was put into fewer words</summary>
                <p class="entry__thought">{summary().text}</p>
              </details>
            )}
          </Match>
          <Match when={as('note')}>{(note) => <p class="entry__note">{note().text}</p>}</Match>
        </Switch>
      </div>
      <time class="entry__at" dateTime={new Date(props.entry.at).toISOString()}>
        {clockTime(props.entry.at)}
      </time>
    </li>
  );
};

/** How far from the end still counts as being there, px. */
const NEAR = 80;

export const Timeline = (props: { entries: readonly SessionEntryView[]; ticket: Ticket }): JSX.Element => {
  let box!: HTMLElement;
  let list!: HTMLOListElement;
  let atEnd = true;
  const seqs = createMemo(() => props.entries.map(({ seq }) => seq));
  const bySeq = createMemo(() => new Map(props.entries.map((entry) => [entry.seq, entry])));
  const follow = (): void => {
    if (atEnd) box.scrollTop = box.scrollHeight;
  };
  createEffect(on(() => props.entries, follow));
  onMount(() => {
    // Pictures and unfolded words make it longer as well.
    const observer = new ResizeObserver(follow);
    observer.observe(list);
    onCleanup(() => observer.disconnect());
  });
  return (
    <section
      ref={box}
      class="timeline"
      aria-label="What happened"
      tabindex="0"
      onScroll={() => {
        atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
      }}
    >
      <ol ref={list} class="timeline__list">
        <For each={seqs()}>
          {(seq) => <Show when={bySeq().get(seq)}>{(entry) => <Entry entry={entry()} ticket={props.ticket} />}</Show>}
        </For>
      </ol>
    </section>
  );
};
