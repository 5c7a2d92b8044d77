import { createMemo, createSignal, createUniqueId, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { SCOPES } from '../../../src/contracts/keys.ts';
import type { Scope } from '../../../src/contracts/keys.ts';
import { displayName } from '../../format/model.ts';
import { Banner } from '../../kit/banner.tsx';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Segmented, Select } from '../../kit/field.tsx';
import { Modal } from '../../kit/modal.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { emptyDraft, isImplied, mayBeLimited, requestOf, SCOPE_WORDS } from './key-draft.ts';
import type { Expiry, KeyDraft } from './key-draft.ts';

const EXPIRY_CHOICES: readonly { value: Expiry; label: string }[] = [
  { value: 'never', label: 'Never' },
  { value: '1', label: 'Tomorrow' },
  { value: '7', label: 'In 7 days' },
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: 'day', label: 'After a day…' },
];

const ScopeChoice = (props: { draft: KeyDraft; scope: Scope; onToggle: (scope: Scope) => void }): JSX.Element => {
  const id = createUniqueId();
  const implied = (): boolean => isImplied(props.draft.scopes, props.scope);
  return (
    <label class="choice">
      <input
        class="checkbox"
        type="checkbox"
        aria-describedby={id}
        checked={implied() || props.draft.scopes.includes(props.scope)}
        disabled={implied()}
        onChange={() => props.onToggle(props.scope)}
      />
      <span>
        <span class="choice__label">{SCOPE_WORDS[props.scope].label}</span> <code>{props.scope}</code>
        <span class="choice__help" id={id}>
          {SCOPE_WORDS[props.scope].help}
        </span>
      </span>
    </label>
  );
};

/** The key itself, this once. */
const Made = (props: { name: string; secret: string; onDone: () => void }): JSX.Element => {
  const app = useApp();
  const failed = (error: unknown): void =>
    app.toasts.failure('It was not copied; select it and copy it by hand', error);
  const command = (): string => {
    const base = app.live.router()?.url ?? 'http://127.0.0.1:8080';
    return `curl ${base}/v1/models -H 'Authorization: Bearer ${props.secret}'`;
  };
  return (
    <div class="modal__body key-form">
      <Banner tone="stopping" title="Copy it now">
        Llamactor keeps only its fingerprint: it is never shown again.
      </Banner>
      <div class="secret">
        <code class="secret__text" tabindex="0" aria-label={`The key ${props.name}`}>
          {props.secret}
        </code>
        <CopyButton text={props.secret} label="Copy the key" onFailure={failed} />
      </div>
      <div class="secret secret--command">
        <code class="secret__text">{command()}</code>
        <CopyButton text={command()} label="Copy a command that uses it" onFailure={failed} />
      </div>
      <div class="key-form__actions">
        <Button variant="primary" onPress={() => props.onDone()}>
          I have it
        </Button>
      </div>
    </div>
  );
};

/** Puts a key together, then shows it once. */
export const NewKeyDialog = (props: { onClose: () => void }): JSX.Element => {
  const app = useApp();
  const [draft, setDraft] = createSignal<KeyDraft>(emptyDraft);
  const [refused, setRefused] = createSignal<string | null>(null);
  const [made, setMade] = createSignal<{ name: string; secret: string } | null>(null);
  const change = (part: Partial<KeyDraft>): void => {
    setRefused(null);
    setDraft((held) => ({ ...held, ...part }));
  };
  const toggle = <T extends string>(held: readonly T[], one: T): T[] =>
    held.includes(one) ? held.filter((other) => other !== one) : [...held, one];
  const checked = createMemo(() => requestOf(draft(), app.now()));
  const problem = (): string | null => {
    const result = checked();
    return 'problem' in result ? result.problem : null;
  };
  const [running, setRunning] = createSignal(false);
  const create = async (): Promise<void> => {
    const result = requestOf(draft(), app.now());
    if ('problem' in result || running() || !app.isLive()) return;
    setRunning(true);
    try {
      const { key, secret } = await app.client.request('keys:create', result.request);
      setMade({ name: key.name, secret });
    } catch (error) {
      // It stands in the form; a message in the corner would say it twice.
      setRefused(messageOf(error));
    } finally {
      setRunning(false);
    }
  };
  return (
    <Modal
      title={made() === null ? 'New key' : `The key ${made()?.name ?? ''}`}
      firm={made() !== null}
      onClose={() => props.onClose()}
    >
      <Show
        when={made()}
        fallback={
          <form
            class="modal__body key-form"
            onSubmit={(event) => {
              event.preventDefault();
              void create();
            }}
          >
            <label class="labelled">
              <span class="labelled__label">Name</span>
              <input
                class="input"
                autofocus
                maxlength="64"
                placeholder="open-webui"
                value={draft().name}
                onInput={(event) => change({ name: event.currentTarget.value })}
              />
              <span class="labelled__help">Who or what will use it. It stands beside every request.</span>
            </label>
            <fieldset class="key-form__group">
              <legend class="labelled__label">What it may do</legend>
              <For each={SCOPES}>
                {(scope) => (
                  <ScopeChoice
                    draft={draft()}
                    scope={scope}
                    onToggle={(one) => change({ scopes: toggle(draft().scopes, one) })}
                  />
                )}
              </For>
            </fieldset>
            <Show when={mayBeLimited(draft().scopes)}>
              <div class="labelled">
                <span class="labelled__label">Models</span>
                <Segmented
                  label="Models"
                  value={draft().models === null ? 'all' : 'some'}
                  choices={[
                    { value: 'all', label: 'Every model' },
                    { value: 'some', label: 'Only these' },
                  ]}
                  onChange={(value) => change({ models: value === 'all' ? null : [] })}
                />
                <Show when={draft().models}>
                  {(models) => (
                    <div class="key-form__models" role="group" aria-label="Models it may use">
                      <For each={app.live.models()} fallback={<p>There are no models yet.</p>}>
                        {(model) => (
                          <label class="choice">
                            <input
                              class="checkbox"
                              type="checkbox"
                              checked={models().includes(model.id)}
                              onChange={() => change({ models: toggle(models(), model.id) })}
                            />
                            {displayName(model)}
                          </label>
                        )}
                      </For>
                    </div>
                  )}
                </Show>
              </div>
            </Show>
            <div class="key-form__row">
              <div class="labelled">
                <span class="labelled__label">Ends</span>
                <Select
                  label="Ends"
                  value={draft().expiry}
                  choices={EXPIRY_CHOICES}
                  onChange={(expiry) => change({ expiry })}
                />
              </div>
              <Show when={draft().expiry === 'day'}>
                <label class="labelled">
                  <span class="labelled__label">Last day</span>
                  <input
                    class="input"
                    type="date"
                    value={draft().day}
                    onInput={(event) => change({ day: event.currentTarget.value })}
                  />
                </label>
              </Show>
              <label class="labelled">
                <span class="labelled__label">Requests at once</span>
                <input
                  class="input"
                  inputmode="numeric"
                  placeholder="no limit"
                  value={draft().concurrency}
                  onInput={(event) => change({ concurrency: event.currentTarget.value })}
                />
              </label>
              <label class="labelled">
                <span class="labelled__label">Per minute</span>
                <input
                  class="input"
                  inputmode="numeric"
                  placeholder="no limit"
                  value={draft().ratePerMinute}
                  onInput={(event) => change({ ratePerMinute: event.currentTarget.value })}
                />
              </label>
            </div>
            <Show when={refused()}>
              {(text) => (
                <p class="field-row__error" role="alert">
                  {text()}
                </p>
              )}
            </Show>
            <div class="key-form__actions">
              <Button onPress={() => props.onClose()}>Cancel</Button>
              <Button
                variant="primary"
                pending={running()}
                disabledReason={app.blocked() ?? problem()}
                onPress={create}
              >
                Make the key
              </Button>
              {/* A form without one is not sent by Enter. */}
              <input type="submit" hidden />
            </div>
          </form>
        }
      >
        {(key) => <Made name={key().name} secret={key().secret} onDone={() => props.onClose()} />}
      </Show>
    </Modal>
  );
};
