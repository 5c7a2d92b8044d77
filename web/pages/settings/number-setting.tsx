import { createSignal } from 'solid-js';
import type { JSX } from 'solid-js';
import { useApp } from '../../state/app.tsx';

/** A number that is stored when the person is done with it: on Enter, or when the field is left. */
export const NumberSetting = (props: {
  label: string;
  value: number;
  min: number;
  max: number;
  unit: string;
  onStore: (value: number) => Promise<void>;
}): JSX.Element => {
  const app = useApp();
  const [pending, setPending] = createSignal(false);
  const store = async (input: HTMLInputElement): Promise<void> => {
    const value = Number(input.value);
    if (input.value === '' || value === props.value) {
      input.value = String(props.value);
      return;
    }
    setPending(true);
    await props.onStore(value);
    setPending(false);
  };
  return (
    <span class="number-setting">
      <input
        class="input"
        type="number"
        inputmode="numeric"
        aria-label={props.label}
        aria-busy={pending() ? 'true' : undefined}
        min={props.min}
        max={props.max}
        disabled={!app.isLive()}
        value={props.value}
        onChange={(event) => void store(event.currentTarget)}
      />
      <span class="number-setting__unit">{props.unit}</span>
    </span>
  );
};
