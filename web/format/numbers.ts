/** Numbers as people read them. A no-break space keeps a number and its unit on one line. */

const NBSP = '\u00a0';
const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

const rounded = (value: number): string => {
  const text = value.toFixed(value >= 100 ? 0 : 1);
  return text.endsWith('.0') ? text.slice(0, -2) : text;
};

/** Gigabytes keep their tenth, also a zero: sizes in a column then line up, and "9.0 GB" says how exact it is. */
const scaledBytes = (value: number, unit: number): string =>
  value.toFixed(unit >= 3 && value < 99.95 ? 1 : unit >= 1 && value < 9.95 ? 1 : 0);

/** `4 920 000 000` → `4.9 GB`. Decimal units, as model hubs and disks use them; the exact count belongs in a tooltip. */
export const bytes = (value: number): string => {
  if (!Number.isFinite(value) || value < 0) return '–';
  let unit = 0;
  let scaled = value;
  // 999.5 would print as "1000": move on to the next unit before rounding does.
  while (scaled >= 999.5 && unit < UNITS.length - 1) {
    scaled /= 1000;
    unit += 1;
  }
  return `${scaledBytes(scaled, unit)}${NBSP}${UNITS[unit] ?? 'B'}`;
};

/** `4920000000` → `4,920,000,000 bytes`. */
export const exactBytes = (value: number): string => `${grouped(value)}${NBSP}bytes`;

/** `12345` → `12,345`. */
export const grouped = (value: number): string => Math.round(value).toLocaleString('en');

/** `8 190 735 360` → `8.2B`: parameters of a model. */
export const parameterCount = (value: number): string => {
  if (value >= 999.5e9) return `${rounded(value / 1e12)}T`;
  if (value >= 999.5e6) return `${rounded(value / 1e9)}B`;
  if (value >= 999.5e3) return `${rounded(value / 1e6)}M`;
  return value >= 1e3 ? `${rounded(value / 1e3)}K` : String(Math.round(value));
};

/** Tokens of context: `131072` → `128K`, because contexts come in powers of two; others in full, `10,000`. */
export const tokens = (value: number): string => {
  if (value >= 1_048_576 && value % 1_048_576 === 0) return `${String(value / 1_048_576)}M`;
  if (value >= 1024 && value % 1024 === 0) return `${String(value / 1024)}K`;
  return grouped(value);
};

/** `41.7` → `42 %`; held inside 0–100. */
export const percent = (value: number): string => `${String(Math.round(Math.min(100, Math.max(0, value))))}${NBSP}%`;

/** `plural(1, 'model')` → `1 model`, `plural(2, 'model')` → `2 models`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${grouped(count)}${NBSP}${count === 1 ? one : many}`;
