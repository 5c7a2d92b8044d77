/** The time ranges of charts and of the timeline; what was chosen is remembered for both. */
import { useSearchParams } from '@solidjs/router';
import { createMemo } from 'solid-js';
import type { Accessor } from 'solid-js';
import { readStored, writeStored } from '../../state/stored.ts';

const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const RANGES = [
  { value: '5m', label: '5 min', ms: 5 * MINUTE },
  { value: '15m', label: '15 min', ms: 15 * MINUTE },
  { value: '1h', label: '1 h', ms: HOUR },
  { value: '6h', label: '6 h', ms: 6 * HOUR },
  { value: '24h', label: '24 h', ms: 24 * HOUR },
] as const;
export type Range = (typeof RANGES)[number];

const rangeOf = (value: string | null | undefined): Range | undefined => RANGES.find((range) => range.value === value);

/** The range in the address, else the one that was chosen last in this browser, else a quarter of an hour. */
export const useRange = (): { range: Accessor<Range>; choose: (value: Range['value']) => void } => {
  const [params, setParams] = useSearchParams<{ range?: string }>();
  const range = createMemo(() => rangeOf(params.range) ?? rangeOf(readStored('range')) ?? RANGES[1]);
  return {
    range,
    choose: (value) => {
      writeStored('range', value);
      setParams({ range: value }, { replace: true });
    },
  };
};
