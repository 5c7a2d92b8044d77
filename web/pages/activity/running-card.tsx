import { createEffect, createSignal, For, on, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { RequestView } from '../../../src/contracts/activity.ts';
import { plural } from '../../format/numbers.ts';
import { duration } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { doing } from './request-words.ts';

/** How often is asked while something runs, and while nothing does, ms. */
const BUSY = 1000;
const IDLE = 4000;
/** More rows than this push the history off the screen. */
const MOST = 12;

const TONES = { reading: 'neutral', waiting: 'stopping', serving: 'loading' } as const;
const WORDS = { reading: 'Arriving', waiting: 'Waiting', serving: 'Answering' } as const;

/** Requests that are not over, each with a way to end it. */
export const RunningCard = (props: { nameOf: (modelId: string | null) => string }): JSX.Element => {
  const app = useApp();
  const [requests, setRequests] = createSignal<readonly RequestView[]>([]);
  const [total, setTotal] = createSignal(0);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [all, setAll] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let closed = false;

  const look = async (): Promise<void> => {
    clearTimeout(timer);
    if (app.isLive() && document.visibilityState === 'visible') {
      try {
        const answer = await app.client.request('requests:list', {});
        setRequests(answer.requests);
        setTotal(answer.total);
        setProblem(null);
      } catch (error) {
        setRequests([]);
        setTotal(0);
        setProblem(messageOf(error));
      }
    }
    clearTimeout(timer);
    if (!closed) timer = setTimeout(() => void look(), total() > 0 ? BUSY : IDLE);
  };
  // Whatever begins or ends a request changes one of these, and they are broadcast.
  createEffect(
    on(
      () => [
        app.isLive(),
        app.live.router()?.inFlight,
        app.live.models().reduce((sum, { inFlight }) => sum + inFlight, 0),
      ],
      () => void look(),
    ),
  );
  onCleanup(() => {
    closed = true;
    clearTimeout(timer);
  });

  const shown = (): readonly RequestView[] => (all() ? requests() : requests().slice(0, MOST));
  const cancel = async (id: string): Promise<void> => {
    await app.client.request('requests:cancel', { id });
    await look();
  };
  return (
    <Card
      title="Now"
      aside={
        <Show when={total() > 0} fallback="Nothing is being answered">
          {plural(total(), 'request')}
        </Show>
      }
      class="now"
    >
      <Show when={problem()}>{(text) => <p class="now__problem">{text()}</p>}</Show>
      <Show when={shown().length > 0}>
        <ul class="now__list" aria-label="Requests that run or wait">
          <For each={shown().map(({ id }) => id)}>
            {(id) => (
              <Show when={requests().find((request) => request.id === id)}>
                {(request) => (
                  <li class="now__item">
                    <Badge tone={TONES[request().state]}>{WORDS[request().state]}</Badge>
                    <div class="now__words">
                      <strong>{props.nameOf(request().modelId)}</strong>
                      <span class="now__facts">
                        {[request().route, request().key, doing(request())].filter(Boolean).join(' · ')}
                      </span>
                    </div>
                    <span class="now__age">{duration(Math.max(0, app.now() - request().startedAt))}</span>
                    <Button
                      size="small"
                      label={`Cancel the request to ${props.nameOf(request().modelId)} on ${request().route}`}
                      failure="The request was not cancelled"
                      disabledReason={app.blocked()}
                      onPress={() => cancel(id)}
                    >
                      Cancel
                    </Button>
                  </li>
                )}
              </Show>
            )}
          </For>
        </ul>
        <Show when={requests().length > shown().length}>
          <div>
            <Button size="small" variant="quiet" onPress={() => setAll(true)}>
              Show {plural(requests().length - shown().length, 'more request')}
            </Button>
          </div>
        </Show>
      </Show>
    </Card>
  );
};
