/** What is being made, with its progress and stages; what failed, with its cause. */
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { MediaView } from '../../../src/contracts/media.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Moment } from '../../kit/moment.tsx';
import { ProgressBar } from '../../kit/progress-bar.tsx';
import { useApp } from '../../state/app.tsx';
import type { MediaStore } from './media-store.ts';
import { movementOf, nameOf, toneOf } from './words.ts';

const Job = (props: { media: MediaView; store: MediaStore; onAgain: (media: MediaView) => void }): JSX.Element => {
  const app = useApp();
  const failed = (): boolean => props.media.state === 'failed';
  const name = (): string => nameOf(props.media, props.store);
  const cancel = async (): Promise<void> => {
    const { media } = await app.client.request('media:cancel', { mediaId: props.media.id });
    props.store.put(media);
  };
  return (
    <li class="job" data-tone={toneOf(props.media)}>
      <div class="job__head">
        <strong class="job__name">{name()}</strong>
        <span class="job__when">
          <Moment at={props.media.createdAt} />
        </span>
        <Badge tone={toneOf(props.media)}>{props.media.state}</Badge>
      </div>
      <Show
        when={failed()}
        fallback={
          <>
            <ProgressBar
              value={props.media.state === 'queued' ? 0 : props.media.progress}
              label={`Progress of ${name()}`}
              tone={toneOf(props.media)}
              still={props.media.state === 'queued' || !app.isLive()}
            />
            <p class="job__movement">{movementOf(props.media)}</p>
          </>
        }
      >
        <p class="job__error">{props.media.error}</p>
        <Show when={props.media.lastLines.length > 0}>
          <details class="job__lines">
            <summary>Its last lines</summary>
            {/* Scrolls inside of itself, so the keyboard has to reach it. */}
            <pre tabindex="0">{props.media.lastLines.join('\n')}</pre>
          </details>
        </Show>
      </Show>
      <div class="job__actions">
        <Show
          when={failed()}
          fallback={
            <Button
              size="small"
              variant="quiet"
              icon="close"
              label={`Cancel ${name()}`}
              failure="It was not cancelled"
              disabledReason={app.blocked()}
              pending={props.media.state === 'stopping'}
              onPress={cancel}
            >
              Cancel
            </Button>
          }
        >
          <Show when={props.media.tool !== null}>
            <Button
              size="small"
              icon="refresh"
              label={`Try again: ${name()}`}
              onPress={() => props.onAgain(props.media)}
            >
              Try again
            </Button>
          </Show>
          <Button
            size="small"
            variant="quiet"
            icon="trash"
            label={`Delete ${name()}`}
            failure="It was not deleted"
            disabledReason={app.blocked()}
            onPress={() => props.store.remove(props.media)}
          >
            Delete
          </Button>
        </Show>
      </div>
    </li>
  );
};

/** Nothing at all while nothing is made and nothing has failed. */
export const Jobs = (props: { store: MediaStore; onAgain: (media: MediaView) => void }): JSX.Element => (
  <Show when={props.store.jobs().length > 0}>
    <section class="page__section" aria-label="In the making">
      <h2 class="media__heading">In the making</h2>
      <ul class="jobs">
        <For each={props.store.jobs().map(({ id }) => id)}>
          {(id) => (
            <Show when={props.store.find(id)}>
              {(media) => <Job media={media()} store={props.store} onAgain={props.onAgain} />}
            </Show>
          )}
        </For>
      </ul>
    </section>
  </Show>
);
