/** A task for the browser, who works on it, and how far it may go. */
import { createMemo, createSignal, createUniqueId, Show, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import type { SessionView } from '../../../src/contracts/sessions.ts';
import { displayName } from '../../format/model.ts';
import { grouped } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { useApp } from '../../state/app.tsx';
import type { Ticket } from '../../state/ticket.ts';
import { FileButton, FileDrop } from './file-drop.tsx';
import { addressOf, wholeIn } from './start-input.ts';
import { createUploads } from './uploads.ts';

const LONGEST = 50_000;
const MOST_STEPS = 1000;
const MOST_MINUTES = 1440;

export const StartForm = (props: { ticket: Ticket; onStarted: (session: SessionView) => void }): JSX.Element => {
  const app = useApp();
  const id = createUniqueId();
  const uploads = createUploads(untrack(() => props.ticket));
  const [prompt, setPrompt] = createSignal('');
  const [model, setModel] = createSignal('');
  const [startUrl, setStartUrl] = createSignal('');
  const [steps, setSteps] = createSignal('');
  const [minutes, setMinutes] = createSignal('');
  const models = createMemo(() =>
    app.live
      .models()
      .filter(({ metadata, problem }) => problem === null && metadata?.outputModalities.includes('text') !== false),
  );
  const config = () => app.slices.config();
  const why = (): string | null => {
    if (prompt().trim() === '') return 'Write what it shall do first';
    if (prompt().length > LONGEST) return `A task has ${grouped(LONGEST)} characters at most`;
    if (startUrl().trim() !== '' && addressOf(startUrl()) === null) return 'The first address is none of the web';
    if (wholeIn(steps(), MOST_STEPS) === null) return `Steps: a number from 1 to ${grouped(MOST_STEPS)}`;
    if (wholeIn(minutes(), MOST_MINUTES) === null) return `Minutes: a number from 1 to ${grouped(MOST_MINUTES)}`;
    return uploads.why() ?? app.blocked();
  };
  const start = async (): Promise<void> => {
    const [maxSteps, limit, url] = [
      wholeIn(steps(), MOST_STEPS),
      wholeIn(minutes(), MOST_MINUTES),
      addressOf(startUrl()),
    ];
    const { session } = await app.client.request('sessions:start', {
      prompt: prompt(),
      fileIds: uploads.fileIds(),
      ...(model() === '' ? {} : { model: model() }),
      ...(url === null ? {} : { startUrl: url }),
      ...(typeof maxSteps === 'number' ? { maxSteps } : {}),
      ...(typeof limit === 'number' ? { timeoutMs: limit * 60_000 } : {}),
    });
    setPrompt('');
    uploads.clear();
    props.onStarted(session);
  };

  return (
    <form
      class="session-form card"
      aria-label="New session"
      onSubmit={(event) => {
        event.preventDefault();
      }}
    >
      <FileDrop uploads={uploads}>
        <label class="visually-hidden" for={`${id}-prompt`}>
          Task
        </label>
        <textarea
          id={`${id}-prompt`}
          class="input session-form__prompt"
          rows="4"
          placeholder="What shall it do on the web? For example: find a train from Vienna to Graz on Friday morning"
          value={prompt()}
          onInput={(event) => setPrompt(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey) || why() !== null) return;
            event.preventDefault();
            start().catch((error: unknown) => app.toasts.failure('The session was not started', error));
          }}
        />
      </FileDrop>
      <label class="session-form__field" for={`${id}-url`}>
        <span>First address, if you know it</span>
        <input
          id={`${id}-url`}
          class="input"
          type="text"
          inputmode="url"
          autocomplete="off"
          spellcheck={false}
          placeholder="https://"
          aria-invalid={startUrl().trim() !== '' && addressOf(startUrl()) === null ? 'true' : undefined}
          value={startUrl()}
          onInput={(event) => setStartUrl(event.currentTarget.value)}
        />
      </label>
      <div class="session-form__row">
        <FileButton uploads={uploads} />
        <span class="session-form__start">
          <Show when={models().length > 0}>
            <Select
              label="Model"
              value={model()}
              choices={[
                { value: '', label: 'Any model' },
                ...models().map((one) => ({ value: one.id, label: displayName(one) })),
              ]}
              onChange={setModel}
            />
          </Show>
          <Button
            variant="primary"
            icon="play"
            failure="The session was not started"
            disabledReason={why()}
            onPress={start}
          >
            Start
          </Button>
        </span>
      </div>
      <details class="session-form__more">
        <summary>More: how far it may go</summary>
        <div class="session-form__limits">
          <label class="session-form__field">
            <span>Steps at most</span>
            <input
              class="input"
              type="text"
              inputmode="numeric"
              placeholder={String(config()?.['sessions.maxSteps'] ?? '')}
              value={steps()}
              onInput={(event) => setSteps(event.currentTarget.value)}
            />
          </label>
          <label class="session-form__field">
            <span>Minutes at most</span>
            <input
              class="input"
              type="text"
              inputmode="numeric"
              placeholder={String(config()?.['sessions.timeout'] ?? '')}
              value={minutes()}
              onInput={(event) => setMinutes(event.currentTarget.value)}
            />
          </label>
        </div>
      </details>
    </form>
  );
};
