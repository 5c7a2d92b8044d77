/** One question that waits for this person: what is asked, why, how long still, and the answers. */
import { createSignal, createUniqueId, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ApprovalView } from '../../src/contracts/approvals.ts';
import { duration } from '../format/time.ts';
import { Button } from '../kit/button.tsx';
import { Picture } from '../kit/picture.tsx';
import { useApp } from '../state/app.tsx';
import { createTicket } from '../state/ticket.ts';
import './approval-question.css';

/** `place` is what leads to where it came from; null on the page of whoever asks, which is not named again there. */
export const ApprovalQuestion = (props: { approval: ApprovalView; place: JSX.Element | null }): JSX.Element => {
  const app = useApp();
  const ticket = createTicket(app);
  const field = createUniqueId();
  const [rejecting, setRejecting] = createSignal(false);
  const [reason, setReason] = createSignal('');
  const left = (): string => duration(Math.max(0, props.approval.timeoutAt - app.now()));
  const approve = (answer: 'once' | 'always'): Promise<unknown> =>
    app.client.request('approvals:approve', { id: props.approval.id, answer });
  const reject = (): Promise<unknown> =>
    app.client.request('approvals:reject', { id: props.approval.id, reason: reason() });
  return (
    <div class="approval">
      <div class="approval__words">
        <strong class="approval__title">{props.approval.title}</strong>
        <span class="approval__facts">
          <Show when={props.place !== null}>{props.approval.asker} asks · </Show>
          <span class="approval__left">{left()} left</span>
          <Show when={props.place}>
            <span> · {props.place}</span>
          </Show>
        </span>
        <Show when={props.approval.reason !== ''}>
          <p class="approval__reason">{props.approval.reason}</p>
        </Show>
        <Show when={props.approval.picture}>
          {(path) => (
            <span class="approval__picture">
              <Picture src={ticket.address(path())} label={props.approval.title} />
            </span>
          )}
        </Show>
        <Show when={props.approval.preview}>
          {(preview) => (
            <pre class="approval__preview" tabindex="0" aria-label={`What “${props.approval.title}” would do`}>
              {preview()}
            </pre>
          )}
        </Show>
      </div>
      <Show
        when={rejecting()}
        fallback={
          <div class="approval__actions">
            <Button
              size="small"
              variant="primary"
              label={`Approve once: ${props.approval.title}`}
              failure="The answer does not count"
              disabledReason={app.blocked()}
              onPress={() => approve('once')}
            >
              Approve
            </Button>
            <Show when={props.approval.rule !== null}>
              <Button
                size="small"
                label={`Always in this session: ${props.approval.title}`}
                failure="The answer does not count"
                disabledReason={app.blocked()}
                onPress={() => approve('always')}
              >
                Always in this session
              </Button>
            </Show>
            <Button
              size="small"
              variant="quiet"
              label={`Reject: ${props.approval.title}`}
              onPress={() => setRejecting(true)}
            >
              Reject…
            </Button>
          </div>
        }
      >
        <form
          class="approval__reject"
          onSubmit={(event) => {
            event.preventDefault();
          }}
        >
          <label class="approval__label" for={field}>
            Why not? Whoever asks is told.
          </label>
          <input
            ref={(input) => queueMicrotask(() => input.focus())}
            id={field}
            class="input"
            value={reason()}
            maxLength={2000}
            placeholder="You need not say"
            onInput={(event) => setReason(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') setRejecting(false);
            }}
          />
          <div class="approval__actions">
            <Button
              size="small"
              variant="danger"
              label={`Reject: ${props.approval.title}`}
              failure="The answer does not count"
              disabledReason={app.blocked()}
              onPress={reject}
            >
              Reject
            </Button>
            <Button size="small" variant="quiet" onPress={() => setRejecting(false)}>
              Back
            </Button>
          </div>
        </form>
      </Show>
    </div>
  );
};
