import { createEffect, createMemo, createSignal, createUniqueId, For, on, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Apply } from '../../../src/contracts/changes.ts';
import { CodedError } from '../../../src/contracts/errors.ts';
import type { PresetView } from '../../../src/contracts/views.ts';
import { Button } from '../../kit/button.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { ChangePreview } from './change-preview.tsx';
import { createPreview } from './create-preview.ts';
import { useDraftGuard } from './use-draft-guard.ts';

const BEGINNING = `; Parameters of llama-server, without their dashes.
[*]
ctx-size = 8192

; [name-of-a-model]
; temp = 0.7
`;

interface Problem {
  line: number | null;
  message: string;
}

/** The line an error of the server names, counted from 1. */
export const problemOfPreset = (error: unknown): Problem => {
  const line = error instanceof CodedError ? error.details?.['line'] : undefined;
  return { line: typeof line === 'number' ? line : null, message: messageOf(error) };
};

export const PresetEditor = (props: {
  /** Null for one that does not exist yet. */
  preset: PresetView | null;
  taken: readonly string[];
  inUse: boolean;
  onSaved: (name: string) => void;
  /** Calls back when it is deleted and the page is about to be left. */
  onDelete: (leaving: () => void) => Promise<void>;
}): JSX.Element => {
  const app = useApp();
  const errorId = createUniqueId();
  // Taken once: what someone else saves meanwhile must not replace what is being typed.
  const initial = (): string => props.preset?.ini ?? BEGINNING;
  const [name, setName] = createSignal('');
  const [ini, setIni] = createSignal(initial());
  /** The text as it was stored last, as far as is known here. */
  const [kept, setKept] = createSignal(initial());
  /** What the server said when it was to be stored. */
  const [refused, setRefused] = createSignal<Problem | null>(null);
  const [apply, setApply] = createSignal<Apply>('when-idle');
  let area!: HTMLTextAreaElement;
  let gutter!: HTMLOListElement;
  const dirty = (): boolean => props.preset === null || ini() !== props.preset.ini;
  const lines = (): number[] => Array.from({ length: ini().split('\n').length }, (_, index) => index + 1);
  const missing = (): string | null => {
    if (props.preset !== null) return null;
    if (name().trim() === '') return 'Give it a name first';
    return props.taken.includes(name().trim()) ? 'There is a preset of this name already' : null;
  };
  const wanted = (): string => props.preset?.name ?? name().trim();
  const question = createMemo(() =>
    dirty() && wanted() !== '' ? { name: wanted(), ini: ini(), apply: apply() } : null,
  );
  const preview = createPreview(
    app.live,
    () => question(),
    (asked) => app.client.request('presets:preview', asked),
  );
  // What the preview refuses is marked while it is typed: the parameter that is misspelt, the line that is none.
  const problem = (): Problem | null => {
    if (refused() !== null) return refused();
    const found = preview.error() === null ? null : problemOfPreset(preview.error());
    return found?.line === null ? null : found;
  };
  useDraftGuard(app, () => ini() !== kept());
  // An undo, or somebody else's change, shows where nothing is being typed.
  createEffect(
    on(
      () => props.preset?.ini,
      (stored) => {
        if (stored === undefined) return;
        if (ini() === kept()) setIni(stored);
        setKept(stored);
      },
      { defer: true },
    ),
  );

  const goTo = (line: number): void => {
    const start =
      ini()
        .split('\n')
        .slice(0, line - 1)
        .join('\n').length + (line > 1 ? 1 : 0);
    const end = ini().indexOf('\n', start);
    area.focus();
    area.setSelectionRange(start, end === -1 ? ini().length : end);
  };
  /** Nothing of what is typed is worth asking for any more. */
  const forget = (): void => void setKept(ini());
  const save = async (): Promise<void> => {
    setRefused(null);
    const saved = wanted();
    const text = ini();
    const before = props.preset?.ini;
    try {
      await app.client.request('presets:save', { name: saved, ini: text, apply: apply() });
    } catch (error) {
      const found = problemOfPreset(error);
      if (found.line === null) throw error;
      setRefused(found);
      goTo(found.line);
      return;
    }
    app.toasts.show({
      tone: 'success',
      title: `The preset “${saved}” is stored`,
      ...(before === undefined
        ? {}
        : { action: { label: 'Undo', run: () => app.client.request('presets:save', { name: saved, ini: before }) } }),
    });
    setKept(text);
    setApply('when-idle');
    props.onSaved(saved);
  };

  return (
    <Card
      title={props.preset?.name ?? 'New preset'}
      aside={<Show when={props.preset}>{(preset) => <span class="preset-path">{preset().path}</span>}</Show>}
    >
      <Show when={props.preset === null}>
        <label class="labelled">
          <span class="labelled__label">Name</span>
          <input
            class="input"
            value={name()}
            maxlength="128"
            placeholder="coding"
            autofocus
            onInput={(event) => setName(event.currentTarget.value)}
          />
        </label>
      </Show>
      <div class="ini" data-invalid={problem() === null ? undefined : ''}>
        <ol ref={gutter} class="ini__gutter" aria-hidden="true">
          <For each={lines()}>{(line) => <li data-wrong={problem()?.line === line ? '' : undefined}>{line}</li>}</For>
        </ol>
        <textarea
          ref={area}
          class="ini__text"
          aria-label="Text of the preset"
          aria-describedby={problem() === null ? undefined : errorId}
          aria-invalid={problem() === null ? undefined : 'true'}
          spellcheck={false}
          autocapitalize="off"
          wrap="off"
          rows={Math.min(28, Math.max(12, lines().length + 1))}
          value={ini()}
          onInput={(event) => {
            setIni(event.currentTarget.value);
            setRefused(null);
          }}
          onScroll={() => {
            gutter.scrollTop = area.scrollTop;
          }}
          onKeyDown={(event) => {
            if ((event.ctrlKey || event.metaKey) && event.key === 's') {
              event.preventDefault();
              if (dirty() && missing() === null)
                save().catch((error: unknown) => app.toasts.failure('The preset was not stored', error));
            }
          }}
        />
      </div>
      <Show when={problem()}>
        {(found) => (
          <p id={errorId} class="field-row__error" role="alert">
            {found().message}
          </p>
        )}
      </Show>
      <Show when={dirty() && wanted() !== '' && problem() === null}>
        <Show
          when={props.inUse}
          fallback={<p class="preset-note">Nothing runs with this preset now; it counts when it is used.</p>}
        >
          <ChangePreview preview={preview} apply={apply()} onApply={setApply} />
        </Show>
      </Show>
      <div class="preset-actions">
        <Button
          variant="primary"
          failure="The preset was not stored"
          disabledReason={app.blocked() ?? missing() ?? (dirty() ? null : 'Nothing has changed')}
          onPress={save}
        >
          Save
        </Button>
        <Show when={props.preset}>
          {(preset) => (
            <>
              <Button
                icon="play"
                failure="The router was not restarted"
                disabledReason={app.blocked() ?? (dirty() ? 'Save it first' : null)}
                onPress={() => app.router.usePreset(preset().name)}
              >
                {props.inUse ? 'Restart with it' : 'Use this preset'}
              </Button>
              <Show when={dirty()}>
                <Button variant="quiet" onPress={() => setIni(preset().ini)}>
                  Discard changes
                </Button>
              </Show>
              <span class="preset-actions__space" />
              <Button
                variant="quiet"
                icon="trash"
                failure="The preset was not deleted"
                disabledReason={app.blocked()}
                onPress={() => props.onDelete(forget)}
              >
                Delete
              </Button>
            </>
          )}
        </Show>
      </div>
    </Card>
  );
};
