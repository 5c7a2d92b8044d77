import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { Apply } from '../../../src/contracts/changes.ts';
import { displayName } from '../../format/model.ts';
import { plural } from '../../format/numbers.ts';
import { Segmented } from '../../kit/field.tsx';
import { Icon } from '../../kit/icons.tsx';
import type { IconName } from '../../kit/icon-paths.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import type { Preview } from './create-preview.ts';
import { effectLines, hasRestarts } from './effects.ts';
import type { EffectLine } from './effects.ts';
import './change-preview.css';

const CHOICES: readonly { value: Apply; label: string }[] = [
  { value: 'when-idle', label: 'When idle' },
  { value: 'now', label: 'Now' },
  { value: 'next-load', label: 'Later' },
];
const ICONS: Readonly<Record<EffectLine['weight'], IconName>> = { restart: 'refresh', now: 'check', later: 'clock' };
const WORDS: Readonly<Record<EffectLine['weight'], string>> = {
  restart: 'Restart: ',
  now: 'At once: ',
  later: 'Later: ',
};

/** What a change does to what runs, before it is applied, and when it shall happen. */
export const ChangePreview = (props: {
  preview: Preview;
  apply: Apply;
  onApply: (apply: Apply) => void;
}): JSX.Element => {
  const app = useApp();
  const nameOf = (id: string): string => {
    const model = app.live.model(id);
    return model === undefined ? id : displayName(model);
  };
  /** Requests that a restart now would cut off. */
  const cut = (): number =>
    props.apply !== 'now'
      ? 0
      : (props.preview.effects() ?? []).reduce((sum, { kind, modelId, when }) => {
          if (when !== 'now') return sum;
          if (kind === 'restart-router') return sum + (app.live.router()?.inFlight ?? 0);
          return kind === 'restart-model' ? sum + (app.live.model(modelId ?? '')?.inFlight ?? 0) : sum;
        }, 0);
  return (
    <div class="effects" role="group" aria-label="What this does" aria-live="polite">
      <Show when={props.preview.error()}>{(error) => <p class="effects__problem">{messageOf(error())}</p>}</Show>
      <Show
        when={props.preview.effects()}
        fallback={
          <Show when={props.preview.error() === null}>
            <p class="effects__waiting">Asking what this does…</p>
          </Show>
        }
      >
        {(effects) => (
          <>
            <ul class="effects__list">
              <For each={effectLines(effects(), nameOf)}>
                {(line) => (
                  <li class="effect" data-weight={line.weight}>
                    <Icon name={ICONS[line.weight]} size={16} />
                    <span class="visually-hidden">{WORDS[line.weight]}</span>
                    <span class="effect__text">
                      {line.text}
                      <Show when={line.detail}>
                        <span class="effect__detail">{line.detail}</span>
                      </Show>
                    </span>
                  </li>
                )}
              </For>
            </ul>
            <Show when={hasRestarts(effects())}>
              <div class="effects__when">
                <span aria-hidden="true">Restart</span>
                <Segmented
                  label="When to restart what this changes"
                  value={props.apply}
                  choices={CHOICES}
                  onChange={(apply) => props.onApply(apply)}
                />
                <Show when={cut() > 0}>
                  <span class="effects__cut">{plural(cut(), 'request')} in flight will be cut off</span>
                </Show>
              </div>
            </Show>
          </>
        )}
      </Show>
    </div>
  );
};
