/** The tray of questions that wait for this person, on every page. */
import { createSignal, createUniqueId, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ApprovalView } from '../../src/contracts/approvals.ts';
import { plural } from '../format/numbers.ts';
import { duration } from '../format/time.ts';
import { Button } from '../kit/button.tsx';
import { Icon } from '../kit/icons.tsx';
import { useApp } from '../state/app.tsx';
import './approvals.css';

const Question = (props: { approval: ApprovalView }): JSX.Element => {
  const app = useApp();
  const field = createUniqueId();
  const [rejecting, setRejecting] = createSignal(false);
  const [reason, setReason] = createSignal('');
  const left = (): string => duration(Math.max(0, props.approval.timeoutAt - app.now()));
  const approve = (answer: 'once' | 'always'): Promise<unknown> =>
    app.client.request('approvals:approve', { id: props.approval.id, answer });
  const reject = (): Promise<unknown> =>
    app.client.request('approvals:reject', { id: props.approval.id, reason: reason() });
  return (
    <li class="approval">
      <div class="approval__words">
        <strong class="approval__title">{props.approval.title}</strong>
        <span class="approval__facts">
          {props.approval.asker} asks · <span class="approval__left">{left()} left</span>
        </span>
        <Show when={props.approval.reason !== ''}>
          <p class="approval__reason">{props.approval.reason}</p>
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
    </li>
  );
};

const ApprovalTray = (): JSX.Element => {
  const app = useApp();
  const [folded, setFolded] = createSignal(false);
  const count = (): number => app.approvals.waiting().length;
  return (
    <section class="approvals" aria-label="Waiting for your answer">
      <button
        type="button"
        class="approvals__head"
        aria-expanded={!folded()}
        aria-controls="approvals-list"
        onClick={() => setFolded(!folded())}
      >
        <Icon name="alert" size={16} />
        <span role="status">{plural(count(), 'question')} for you</span>
        <Icon name="chevron" size={14} />
      </button>
      <ul id="approvals-list" class="approvals__list" hidden={folded()}>
        <For each={app.approvals.waiting()}>{(approval) => <Question approval={approval} />}</For>
      </ul>
    </section>
  );
};

export default ApprovalTray;
