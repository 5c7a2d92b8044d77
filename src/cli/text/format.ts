const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in powers of 1024 with one decimal: "4.0 GiB". Null is "–". */
export const bytes = (value: number | null): string => {
  if (value === null || !Number.isFinite(value)) return '–';
  let rest = Math.max(0, value);
  let unit = 0;
  // 1023.95 would print as "1024.0", so the next unit begins a little earlier.
  while (rest >= 1023.95 && unit < UNITS.length - 1) {
    rest /= 1024;
    unit += 1;
  }
  return unit === 0 ? `${Math.round(rest)} B` : `${rest.toFixed(1)} ${UNITS[unit] ?? ''}`;
};

const STEPS = [
  { ms: 86_400_000, name: 'd' },
  { ms: 3_600_000, name: 'h' },
  { ms: 60_000, name: 'min' },
  { ms: 1000, name: 's' },
] as const;

/** Milliseconds in the two largest units that matter: "850 ms", "12 s", "2 h 5 min". */
export const duration = (ms: number): string => {
  const value = Math.max(0, Math.round(ms));
  if (value < 1000) return `${value} ms`;
  const index = STEPS.findIndex((step) => value >= step.ms);
  const step = STEPS[index];
  if (step === undefined) return `${value} ms`;
  const whole = Math.floor(value / step.ms);
  const next = STEPS[index + 1];
  const rest = next === undefined ? 0 : Math.floor((value - whole * step.ms) / next.ms);
  return rest === 0 || next === undefined ? `${whole} ${step.name}` : `${whole} ${step.name} ${rest} ${next.name}`;
};

/** A moment relative to now: "just now", "12 s ago", "in 4 s". Null is "–". */
export const relative = (at: number | null, now: number): string => {
  if (at === null) return '–';
  const distance = now - at;
  if (Math.abs(distance) < 1000) return 'just now';
  const step = STEPS.find((candidate) => Math.abs(distance) >= candidate.ms);
  const text = step === undefined ? '' : `${Math.floor(Math.abs(distance) / step.ms)} ${step.name}`;
  return distance > 0 ? `${text} ago` : `in ${text}`;
};

/** Tokens: multiples of 1024 from 1024 upwards as "128k", others in full. Null or 0 is "–". */
export const tokens = (count: number | null): string => {
  if (count === null || count === 0) return '–';
  return count >= 1024 && count % 1024 === 0 ? `${count / 1024}k` : String(count);
};

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Local time of day with milliseconds, for log lines. */
export const clock = (at: number): string => {
  const date = new Date(at);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, '0')}`;
};
