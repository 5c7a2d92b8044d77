import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { FailureView } from '../../../src/contracts/views.ts';
import { plural } from '../../format/numbers.ts';
import { CopyButton } from '../../kit/copy.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Moment } from '../../kit/moment.tsx';
import { useApp } from '../../state/app.tsx';
import './failure-note.css';

const ending = (failure: FailureView): string | null => {
  if (failure.signal !== null) return `ended by ${failure.signal}`;
  return failure.exitCode === null ? null : `exit code ${String(failure.exitCode)}`;
};

/** The cause in one sentence, and the engine's own last words behind a disclosure. */
export const FailureNote = (props: { failure: FailureView; retry?: string | null }): JSX.Element => {
  const app = useApp();
  return (
    <div class="failure">
      <p class="failure__cause">{props.failure.message}</p>
      <p class="failure__meta">
        <Show when={props.retry}>
          {(text) => (
            <>
              <strong class="failure__retry">{text()}</strong>
              <span aria-hidden="true"> · </span>
            </>
          )}
        </Show>
        <Moment at={props.failure.at} />
        <Show when={ending(props.failure)}>{(text) => <> · {text()}</>}</Show>
      </p>
      <Show when={props.failure.stderr.length > 0}>
        <details class="failure__output">
          <summary>
            <Icon name="chevron" size={14} />
            Engine output, {plural(props.failure.stderr.length, 'line')}
          </summary>
          <div class="failure__box">
            <pre tabindex="0" aria-label="Engine output">
              <For each={props.failure.stderr}>{(line) => <>{line + '\n'}</>}</For>
            </pre>
            <CopyButton
              text={props.failure.stderr.join('\n')}
              label="Copy the engine’s output"
              onFailure={(error) => app.toasts.failure('The output was not copied', error)}
            />
          </div>
        </details>
      </Show>
    </div>
  );
};
