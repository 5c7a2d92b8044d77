import { createSignal, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../format/model.ts';
import { grouped, percent } from '../../format/numbers.ts';
import { exact } from '../../format/time.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Icon } from '../../kit/icons.tsx';
import { ProgressBar } from '../../kit/progress-bar.tsx';
import { useApp } from '../../state/app.tsx';
import { AttachedFiles } from './attached-files.tsx';
import { Markdown } from './markdown.tsx';
import { statsText } from './stats-text.ts';
import type { ChatMessage } from './types.ts';

export interface MessageProps {
  message: ChatMessage;
  last: boolean;
  busy: boolean;
  /** Answers anew from here, after new words if there are any. */
  onAgain: (words?: string) => void;
}

/** Before the first word: what the model does, as the supervisor knows it. */
const Waiting = (props: { model: string | null }): JSX.Element => {
  const app = useApp();
  const model = () => (props.model === null ? undefined : app.live.model(props.model));
  return (
    <Show
      when={model()?.state === 'loading' && model()}
      fallback={<span class="typing" role="img" aria-label="Waiting for the first word" />}
    >
      {(loading) => (
        <div class="message__loading">
          <p>
            Loading {displayName(loading())}
            <Show when={loading().progress !== null}>, {percent(loading().progress ?? 0)}</Show>
          </p>
          <ProgressBar value={loading().progress} label={`Loading ${displayName(loading())}`} still={!app.isLive()} />
        </div>
      )}
    </Show>
  );
};

const Reasoning = (props: { text: string; open: boolean }): JSX.Element => (
  <details class="reasoning" open={props.open}>
    <summary>
      <Icon name="chevron" size={14} />
      {props.open ? 'Thinking…' : 'Thoughts'}
    </summary>
    <p>{props.text}</p>
  </details>
);

const Question = (props: MessageProps): JSX.Element => {
  const app = useApp();
  const [editing, setEditing] = createSignal(false);
  let field!: HTMLTextAreaElement;
  const resend = (): void => {
    const words = field.value.trim();
    if (words === '') return;
    setEditing(false);
    props.onAgain(words);
  };
  return (
    <article class="message message--user" aria-label="You">
      <Show when={props.message.images.length > 0}>
        <div class="message__images">
          <For each={props.message.images}>
            {(url) => <img class="message__image" src={url} alt="Attached by you" />}
          </For>
        </div>
      </Show>
      <AttachedFiles files={props.message.files} sounds={props.message.sounds} />
      <Show
        when={editing()}
        fallback={
          <Show when={props.message.content !== ''}>
            <div class="message__bubble">{props.message.content}</div>
          </Show>
        }
      >
        <div class="message__edit">
          <textarea
            ref={(element) => {
              field = element;
              queueMicrotask(() => element.focus());
            }}
            class="input"
            aria-label="Your message"
            rows="4"
            value={props.message.content}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setEditing(false);
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) resend();
            }}
          />
          <p class="message__lost">What follows is answered anew; the answers below are lost.</p>
          <div class="message__edit-actions">
            <Button size="small" onPress={() => setEditing(false)}>
              Cancel
            </Button>
            <Button size="small" variant="primary" onPress={resend}>
              Send again
            </Button>
          </div>
        </div>
      </Show>
      <Show when={!editing()}>
        <div class="message__tools">
          <CopyButton
            text={props.message.content}
            label="Copy the message"
            onFailure={(error) => app.toasts.failure('The message was not copied', error)}
          />
          <Show when={!props.busy}>
            <IconButton icon="edit" label="Edit and send again" onPress={() => setEditing(true)} />
          </Show>
        </div>
      </Show>
    </article>
  );
};

const Answer = (props: MessageProps): JSX.Element => {
  const app = useApp();
  const writing = (): boolean => props.busy && props.last;
  const who = (): string => {
    const model = props.message.model === null ? undefined : app.live.model(props.message.model);
    return model === undefined ? (props.message.model ?? 'Answer') : displayName(model);
  };
  return (
    <article class="message message--model" aria-label={who()} aria-busy={writing()}>
      <p class="message__who" data-tip={exact(props.message.at)}>
        {who()}
      </p>
      <Show when={props.message.reasoning !== ''}>
        <Reasoning text={props.message.reasoning} open={writing() && props.message.content === ''} />
      </Show>
      <Switch>
        <Match when={props.message.content !== ''}>
          <Markdown text={props.message.content} />
        </Match>
        <Match when={writing() && props.message.reasoning === ''}>
          <Waiting model={props.message.model} />
        </Match>
      </Switch>
      <Show when={props.message.error}>
        {(cause) => (
          <div class="message__error" role="alert">
            <Icon name="alert" size={18} />
            <p>{cause()}</p>
            <Show when={!props.busy}>
              <Button size="small" onPress={() => props.onAgain()}>
                Try again
              </Button>
            </Show>
          </div>
        )}
      </Show>
      <Show when={!writing()}>
        <div class="message__tools">
          <CopyButton
            text={props.message.content}
            label="Copy the answer"
            onFailure={(error) => app.toasts.failure('The answer was not copied', error)}
          />
          <Show when={!props.busy}>
            <IconButton icon="refresh" label="Answer again" onPress={() => props.onAgain()} />
          </Show>
          <span class="message__stats">
            <Show when={props.message.stopped}>stopped</Show>
            <Show when={props.message.stats}>
              {(stats) => (
                <span
                  data-tip={
                    stats().promptTokens === null ? undefined : `Prompt: ${grouped(stats().promptTokens ?? 0)} tokens`
                  }
                >
                  {statsText(stats())}
                </span>
              )}
            </Show>
          </span>
        </div>
      </Show>
    </article>
  );
};

export const Message = (props: MessageProps): JSX.Element => (
  <Show when={props.message.role === 'user'} fallback={<Answer {...props} />}>
    <Question {...props} />
  </Show>
);
