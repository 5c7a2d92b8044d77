/**
 * The look of every diagram. The colours follow the reader's light or dark scheme, also where the file is shown as an
 * image; a page that holds the diagram inline may set `--diagram-…` to its own theme, and lights the state a machine is in
 * by giving its group (`[data-state="loading"]`) the attribute `data-active`.
 */
const LIGHT = {
  card: '#fcfcfd',
  edge: '#d9dce3',
  box: '#ffffff',
  line: '#8b93a3',
  text: '#1b1f29',
  muted: '#5b6475',
  idle: '#8b93a3',
  busy: '#2f6fed',
  good: '#158a55',
  warn: '#b86e00',
  bad: '#d0352b',
};

const DARK: typeof LIGHT = {
  card: '#14161c',
  edge: '#2c313c',
  box: '#1d2029',
  line: '#7b8496',
  text: '#eceef3',
  muted: '#a3abbb',
  idle: '#8b93a3',
  busy: '#6c9dff',
  good: '#3fc687',
  warn: '#eda73a',
  bad: '#ff776d',
};

const variables = (palette: typeof LIGHT): string =>
  Object.entries(palette)
    .map(([name, colour]) => `--lm-${name}:var(--diagram-${name},${colour})`)
    .join(';');

export const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif';

export const STYLE = [
  `.lm-diagram{${variables(LIGHT)};font-family:${SANS}}`,
  `@media (prefers-color-scheme:dark){.lm-diagram{${variables(DARK)}}}`,
  '.lm-card{fill:var(--lm-card);stroke:var(--lm-edge)}',
  '.lm-title{fill:var(--lm-text);font-size:17px;font-weight:650}',
  '.lm-sub{fill:var(--lm-muted);font-size:12.5px}',
  '.lm-state{--lm-tone:var(--lm-idle)}',
  ...['busy', 'good', 'warn', 'bad'].map((tone) => `.lm-${tone}{--lm-tone:var(--lm-${tone})}`),
  '.lm-box{fill:var(--lm-box);stroke:var(--lm-tone);stroke-width:1.4}',
  '.lm-inner{fill:none;stroke:var(--lm-tone);stroke-width:1}',
  '.lm-group{fill:none;stroke:var(--lm-line);stroke-dasharray:5 4}',
  '.lm-dot{fill:var(--lm-tone)}',
  '.lm-name{fill:var(--lm-text);font-size:15px;font-weight:650}',
  '.lm-about{fill:var(--lm-muted);font-size:12px}',
  '.lm-runs{fill:var(--lm-tone);font-size:11.5px;font-weight:600}',
  '.lm-line{fill:none;stroke:var(--lm-line);stroke-width:1.3}',
  '.lm-faint{stroke-dasharray:4 4}',
  '.lm-head{fill:var(--lm-line)}',
  '.lm-start{fill:var(--lm-text)}',
  '.lm-back{fill:var(--lm-card);opacity:.9}',
  '.lm-label{fill:var(--lm-text);font-size:11.5px}',
  '.lm-guard{fill:var(--lm-muted);font-style:italic}',
  '.lm-state[data-active] .lm-box{fill:color-mix(in srgb,var(--lm-tone) 16%,var(--lm-box));stroke-width:3}',
].join('\n');

export type Tone = 'idle' | 'busy' | 'good' | 'warn' | 'bad';

const TONES: readonly (readonly [RegExp, Tone])[] = [
  [
    /^(loading|checking|installing|starting|init|resolving|fetching|verifying|thinking|streaming|queued|pending)$/,
    'busy',
  ],
  [/^(loaded|ready|running|done|completed|approved|end)$/, 'good'],
  [/^(stopping|draining|paused?|call_user|cancelled|user_stopped|max_loop)$/, 'warn'],
  [/^(error|missing|failed|timeout|timed_out|rejected)$/, 'bad'],
];

/** The colour that a state's name suggests; anything else is quiet. */
export const toneOf = (name: string): Tone => TONES.find(([names]) => names.test(name))?.[1] ?? 'idle';
