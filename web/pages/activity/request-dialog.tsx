import { A } from '@solidjs/router';
import { createResource, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ActivityView, CapturedBodyView } from '../../../src/contracts/activity.ts';
import { bytes, exactBytes, grouped, plural } from '../../format/numbers.ts';
import { brief, exact } from '../../format/time.ts';
import { Badge } from '../../kit/badge.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Modal } from '../../kit/modal.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { causeOf, speed, statusText, tokenFlow, toneOf } from './request-words.ts';

const factsOf = (request: ActivityView): [label: string, value: string][] => [
  ['Path', request.route],
  ['Began', exact(request.startedAt)],
  ['Took', brief(request.durationMs)],
  ['Waited in the queue', brief(request.queuedMs)],
  ['First byte after', request.firstByteMs === null ? '–' : brief(request.firstByteMs)],
  ['Tokens in → out', tokenFlow(request)],
  ['From the cache', request.cachedTokens === null ? '–' : grouped(request.cachedTokens)],
  ['Reading the prompt', speed(request.promptTokensPerSecond)],
  ['Writing the answer', speed(request.tokensPerSecond)],
  ['Bytes in and out', `${bytes(request.bytesIn)}, ${bytes(request.bytesOut)}`],
  ['Streamed', request.streamed ? 'Yes' : 'No'],
  ['Sent to the engine twice', request.retried ? 'Yes, its first connection was lost' : 'No'],
  ['Key', request.key ?? 'none'],
  ['Id', request.id],
];

/** Indented where it is JSON, as it came otherwise. */
const readable = ({ body, encoding, truncated }: CapturedBodyView): string => {
  if (encoding === 'base64' || truncated) return body;
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
};

const Body = (props: { title: string; body: CapturedBodyView }): JSX.Element => {
  const app = useApp();
  return (
    <section class="captured" aria-label={props.title}>
      <header class="captured__head">
        <h3>{props.title}</h3>
        <span data-tip={exactBytes(props.body.bytes)}>
          {bytes(props.body.bytes)}
          {props.body.truncated ? ', its beginning is shown' : ''}
          {props.body.encoding === 'base64' ? ', binary, as base64' : ''}
        </span>
        <CopyButton
          text={props.body.body}
          label={`Copy: ${props.title}`}
          onFailure={(error) => app.toasts.failure('It was not copied', error)}
        />
      </header>
      <details class="captured__headers">
        <summary>{plural(Object.keys(props.body.headers).length, 'header')}</summary>
        <dl>
          <For each={Object.entries(props.body.headers)}>
            {([name, value]) => (
              <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
      </details>
      <pre class="captured__body" tabindex="0" aria-label={`Body of the ${props.title.toLowerCase()}`}>
        {readable(props.body) || 'empty'}
      </pre>
    </section>
  );
};

const Captured = (props: { id: string }): JSX.Element => {
  const app = useApp();
  const [answer] = createResource(
    () => props.id,
    async (id) => (await app.client.request('activity:capture', { id })).capture,
  );
  return (
    <Switch fallback={<p class="captured__note">Fetching the bodies…</p>}>
      <Match when={answer.error as unknown}>
        {(error) => (
          <p class="captured__note" role="alert">
            {messageOf(error())}
          </p>
        )}
      </Match>
      <Match when={answerOf(answer)}>
        {(capture) => (
          <>
            <Body title="Request" body={capture().request} />
            <Show when={capture().response} fallback={<p class="captured__note">The engine answered nothing.</p>}>
              {(response) => <Body title="Response" body={response()} />}
            </Show>
          </>
        )}
      </Match>
    </Switch>
  );
};

/** Everything about one finished request. */
export const RequestDialog = (props: { request: ActivityView; name: string; onClose: () => void }): JSX.Element => {
  const app = useApp();
  return (
    <Modal title={props.name} wide onClose={() => props.onClose()}>
      <div class="modal__body request-details">
        <p class="request-details__outcome">
          <Badge tone={toneOf(props.request)}>{statusText(props.request)}</Badge>
          <span>{causeOf(props.request) ?? 'Answered'}</span>
          <Show when={props.request.errorCode}>{(code) => <code>{code()}</code>}</Show>
        </p>
        <dl class="request-details__facts">
          <For each={factsOf(props.request)}>
            {([label, value]) => (
              <div>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            )}
          </For>
        </dl>
        <Show
          when={props.request.captured}
          fallback={
            <p class="captured__note">
              <Show
                when={app.slices.config()?.captureBodies === true}
                fallback={
                  <>
                    Its bodies were not captured. <A href="/configuration">Switch on captureBodies</A> to keep those of
                    the next ones.
                  </>
                }
              >
                Its bodies were not captured: capturing was switched on later.
              </Show>
            </p>
          }
        >
          <Captured id={props.request.id} />
        </Show>
      </div>
    </Modal>
  );
};
