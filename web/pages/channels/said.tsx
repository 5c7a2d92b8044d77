import { For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { TurnView } from '../../../src/contracts/channels.ts';
import { exact } from '../../format/time.ts';
import { IconButton } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Moment } from '../../kit/moment.tsx';
import { useApp } from '../../state/app.tsx';
import { Markdown } from '../chat/markdown.tsx';
import { ToolActions } from './tool-actions.tsx';
import { MY_ID } from './me.ts';
import type { Said } from './talk.ts';

/** The beginning of a name on a ground of its own, so that people are told apart at a glance. */
export const Face = (props: { name: string; id: string; agent?: boolean }): JSX.Element => {
  const tone = (): number => props.id.split('').reduce((sum, unit) => (sum * 31 + unit.charCodeAt(0)) % 6, 7) + 1;
  return (
    <span class="face" data-tone={tone()} data-agent={props.agent === true ? '' : undefined} aria-hidden="true">
      {props.name.trim().charAt(0).toUpperCase()}
    </span>
  );
};

const Thoughts = (props: { text: string; open: boolean }): JSX.Element => (
  <details class="reasoning" open={props.open}>
    <summary>
      <Icon name="chevron" size={14} />
      {props.open ? 'Thinking…' : 'Thoughts'}
    </summary>
    <p>{props.text}</p>
  </details>
);

const Attachments = (props: { said: Said }): JSX.Element => (
  <Show when={props.said.attachments.length > 0}>
    <div class="said__attachments">
      <For each={props.said.attachments}>
        {({ url, type }) => (
          <Show
            when={type.startsWith('image/') && url.startsWith('data:image/')}
            fallback={
              <span class="said__file">
                <Icon name="attach" size={14} />
                {url.startsWith('data:') ? type : url}
              </span>
            }
          >
            <img class="said__image" src={url} alt={`Attached by ${props.said.senderName}`} />
          </Show>
        )}
      </For>
    </div>
  </Show>
);

/** One message. Those of one sender that follow each other closely share their head. */
export const SaidRow = (props: { said: Said; follows: boolean; onDelete: () => void }): JSX.Element => {
  const app = useApp();
  const own = (): boolean => props.said.senderId === MY_ID;
  return (
    <article
      class="said"
      data-own={own() ? '' : undefined}
      data-follows={props.follows ? '' : undefined}
      aria-label={own() ? 'You' : props.said.senderName}
    >
      <Show when={!props.follows} fallback={<span class="said__gap" />}>
        <Face name={props.said.senderName} id={props.said.senderId} agent={props.said.byAgent} />
      </Show>
      <div class="said__body">
        <Show when={!props.follows}>
          <p class="said__head">
            <span class="said__who">{props.said.senderName}</span>
            <Show when={props.said.byAgent}>
              <span class="said__agent" data-tip={props.said.model ?? undefined}>
                agent
              </span>
            </Show>
            <span class="said__at" data-tip={exact(props.said.createdAt)}>
              <Moment at={props.said.createdAt} />
            </span>
          </p>
        </Show>
        <Show when={props.said.thought}>{(thought) => <Thoughts text={thought()} open={false} />}</Show>
        <Show when={props.said.actions.length > 0}>
          <ToolActions actions={props.said.actions} />
        </Show>
        <Switch>
          <Match when={props.said.failure !== null}>
            <p class="said__failure">
              <Icon name="alert" size={16} />
              {props.said.text}
            </p>
          </Match>
          <Match when={props.said.byAgent}>
            <Markdown text={props.said.text} />
          </Match>
          <Match when={props.said.text !== ''}>
            <p class="said__text">{props.said.text}</p>
          </Match>
        </Switch>
        <Show when={props.said.incomplete}>
          <p class="said__note">broken off here</p>
        </Show>
        <Attachments said={props.said} />
      </div>
      <div class="said__tools">
        <CopyButton
          text={props.said.text}
          label="Copy the message"
          onFailure={(error) => app.toasts.failure('The message was not copied', error)}
        />
        <IconButton icon="trash" label="Delete the message" onPress={() => props.onDelete()} />
      </div>
    </article>
  );
};

/** What an agent is writing, or waits for. */
export const TurnRow = (props: { turn: TurnView }): JSX.Element => (
  <article class="said said--turn" aria-label={props.turn.agentName} aria-busy="true">
    <Face name={props.turn.agentName} id={props.turn.agentId} agent />
    <div class="said__body">
      <p class="said__head">
        <span class="said__who">{props.turn.agentName}</span>
        <span class="said__agent">agent</span>
        <span class="said__at">
          {props.turn.note ?? (props.turn.state === 'streaming' ? 'writing…' : 'thinking…')}
          <Show when={props.turn.queued > 0}>, {props.turn.queued} more to answer</Show>
        </span>
      </p>
      <Show when={props.turn.thought !== ''}>
        <Thoughts text={props.turn.thought} open={props.turn.text === ''} />
      </Show>
      <Show
        when={props.turn.text !== ''}
        fallback={
          <Show when={props.turn.thought === ''}>
            <span class="typing" role="img" aria-label="Waiting for the first word" />
          </Show>
        }
      >
        <Markdown text={props.turn.text} />
      </Show>
    </div>
  </article>
);
