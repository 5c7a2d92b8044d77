/** Go's durations (`time.ParseDuration`), which Ollama's clients write. */
const DURATION =
  /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/;
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;
const PLAIN = /^[+-]?\d+(?:\.\d+)?$/;

const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};

/** Stands for a model that is kept for ever. */
export const FOR_EVER = -1;

/** `keep_alive` in seconds, FOR_EVER when negative; undefined when it is no duration. */
export const keepAliveSeconds = (value: unknown): number | undefined => {
  const seconds = typeof value === 'number' ? value : typeof value === 'string' ? secondsOf(value.trim()) : NaN;
  if (!Number.isFinite(seconds)) return undefined;
  return seconds < 0 ? FOR_EVER : seconds;
};

const secondsOf = (text: string): number => {
  // Ollama wants a unit; a number alone can only mean seconds.
  if (PLAIN.test(text)) return Number(text);
  if (!DURATION.test(text)) return NaN;
  let sum = 0;
  for (const [, number, unit] of text.matchAll(PART)) sum += Number(number) * (SECONDS[unit ?? ''] ?? NaN);
  return text.startsWith('-') ? -sum : sum;
};
