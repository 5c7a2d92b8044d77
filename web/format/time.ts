/** Spans and moments as people read them; all inputs are milliseconds. */

const NBSP = '\u00a0';
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const part = (value: number, unit: string): string => `${String(value)}${NBSP}${unit}`;
const two = (ms: number, big: number, bigUnit: string, small: number, smallUnit: string): string => {
  const first = Math.floor(ms / big);
  const second = Math.floor((ms % big) / small);
  return second === 0 ? part(first, bigUnit) : `${part(first, bigUnit)} ${part(second, smallUnit)}`;
};

/** `754 000` → `12 min`, `7 500 000` → `2 h 5 min`: two units at most, the second only where it tells something. */
export const duration = (ms: number): string => {
  const span = Math.max(0, ms);
  if (span < MINUTE) return part(Math.floor(span / SECOND), 's');
  if (span < 10 * MINUTE) return two(span, MINUTE, 'min', SECOND, 's');
  if (span < HOUR) return part(Math.floor(span / MINUTE), 'min');
  if (span < DAY) return two(span, HOUR, 'h', MINUTE, 'min');
  return two(span, DAY, 'd', HOUR, 'h');
};

/** Short spans exactly: `420 ms`, `1.24 s`, `12.4 s`; from a minute on as `duration`. */
export const brief = (ms: number): string => {
  const span = Math.max(0, ms);
  if (span < 999.5) return part(Math.round(span), 'ms');
  if (span < 9995) return `${(span / SECOND).toFixed(2)}${NBSP}s`;
  return span < MINUTE - 50 ? `${(span / SECOND).toFixed(1)}${NBSP}s` : duration(span);
};

/** The time of day, to the second. */
export const clockTime = (at: number): string =>
  new Date(at).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

/** A single coarse unit: `4 min ago`, `in 4 s`, `just now`. */
export const relative = (at: number, now: number): string => {
  const span = Math.abs(now - at);
  if (span < 2 * SECOND) return 'just now';
  const text =
    span < MINUTE
      ? part(Math.round(span / SECOND), 's')
      : span < HOUR
        ? part(Math.round(span / MINUTE), 'min')
        : span < DAY
          ? part(Math.round(span / HOUR), 'h')
          : part(Math.round(span / DAY), Math.round(span / DAY) === 1 ? 'day' : 'days');
  return at <= now ? `${text} ago` : `in ${text}`;
};

/** Whole seconds left until `at`, never below 0; a countdown shows 1 until the moment itself. */
export const secondsUntil = (at: number, now: number): number => Math.max(0, Math.ceil((at - now) / SECOND));

/** Making a formatter costs far more than using one, and a list that is scrolled needs hundreds of moments in words. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const formatter = (name: string, options: Intl.DateTimeFormatOptions, locale?: string): Intl.DateTimeFormat => {
  const key = [name, locale, options.timeZone].join(' ');
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(locale, options);
  formatters.set(key, known);
  return known;
};

/** The full moment in the reader's own locale and zone, for tooltips. */
export const exact = (at: number, locale?: string, timeZone?: string): string =>
  formatter(
    'exact',
    { dateStyle: 'medium', timeStyle: 'medium', ...(timeZone === undefined ? {} : { timeZone }) },
    locale,
  ).format(at);

/** `14:05:09`, or `14:05`, in the reader's own zone. */
export const clock = (at: number, seconds = true): string => {
  const minutes = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
  return (seconds ? formatter('seconds', { ...minutes, second: '2-digit' }) : formatter('minutes', minutes)).format(at);
};
