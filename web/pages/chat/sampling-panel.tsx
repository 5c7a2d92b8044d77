import { For } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button } from '../../kit/button.tsx';
import { NO_SAMPLING } from './types.ts';
import type { Conversation, Sampling } from './types.ts';

const FIELDS: readonly { key: keyof Sampling; label: string; help: string; step: number; min: number; max?: number }[] =
  [
    { key: 'temperature', label: 'Temperature', help: 'Higher is more varied', step: 0.05, min: 0, max: 5 },
    { key: 'top_p', label: 'Top P', help: 'Likeliest words up to this share', step: 0.01, min: 0, max: 1 },
    { key: 'top_k', label: 'Top K', help: 'So many likeliest words', step: 1, min: 0 },
    { key: 'min_p', label: 'Min P', help: 'At least this share of the best', step: 0.01, min: 0, max: 1 },
    { key: 'repeat_penalty', label: 'Repeat penalty', help: 'Above 1 repeats less', step: 0.01, min: 0, max: 3 },
    { key: 'max_tokens', label: 'Most tokens', help: 'Length of an answer', step: 1, min: 1 },
    { key: 'seed', label: 'Seed', help: 'The same seed, the same answer', step: 1, min: 0 },
  ];

/** What every question of this conversation is sent with. An empty field leaves the value to the engine. */
export const SamplingPanel = (props: {
  conversation: Conversation;
  onChange: (part: Partial<Conversation>) => void;
}): JSX.Element => {
  const set = (key: keyof Sampling, text: string): void => {
    const value = text.trim() === '' ? null : Number(text);
    if (value !== null && !Number.isFinite(value)) return;
    props.onChange({ sampling: { ...props.conversation.sampling, [key]: value } });
  };
  return (
    <section class="tuning" aria-label="System prompt and sampling">
      <label class="labelled">
        <span class="labelled__label">System prompt</span>
        <textarea
          class="input"
          rows="3"
          placeholder="How the model should behave, for this whole conversation"
          value={props.conversation.system}
          onChange={(event) => props.onChange({ system: event.currentTarget.value })}
        />
      </label>
      <div class="tuning__fields">
        <For each={FIELDS}>
          {(field) => (
            <label class="labelled">
              <span class="labelled__label">{field.label}</span>
              <input
                class="input"
                type="number"
                step={field.step}
                min={field.min}
                max={field.max}
                placeholder="engine’s own"
                value={props.conversation.sampling[field.key] ?? ''}
                onChange={(event) => set(field.key, event.currentTarget.value)}
              />
              <span class="labelled__help">{field.help}</span>
            </label>
          )}
        </For>
      </div>
      <div>
        <Button size="small" variant="quiet" onPress={() => props.onChange({ system: '', sampling: NO_SAMPLING })}>
          Back to the engine’s own
        </Button>
      </div>
    </section>
  );
};
