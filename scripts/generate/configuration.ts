import type { z } from 'zod';
import { allowedBy } from '../../src/commands/describe-schema.ts';
import { CONFIG_ALIASES, CONFIG_KEYS, SETTINGS_KEYS } from '../../src/contracts/config.ts';

interface Entry {
  schema: z.ZodType;
  default: unknown;
  help: string;
  restart?: keyof typeof AFTER;
}

/** What has to start again before a change counts. */
const AFTER = {
  none: 'at once',
  scan: 'at the next scan',
  models: 'when the models it changes are idle; they are loaded again',
  engine: 'when a model is loaded again',
  live: 'at once',
  router: 'when the router is idle; it is started again',
  server: 'when the server is started again',
};

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');

const aliasesOf = (key: string): string => {
  const names = Object.entries(CONFIG_ALIASES).flatMap(([alias, target]) => (target === key ? [`\`${alias}\``] : []));
  return names.length === 0 ? '' : ` Also called ${names.join(', ')}.`;
};

const rowOf = ([key, entry]: [string, Entry]): string => {
  const columns = [
    `\`${key}\``,
    `${cell(entry.help)}${aliasesOf(key)}`,
    cell(allowedBy(entry.schema)),
    `\`${JSON.stringify(entry.default)}\``,
  ];
  if (entry.restart !== undefined) columns.push(AFTER[entry.restart]);
  return `| ${columns.join(' | ')} |`;
};

/** The page about configuration and settings, written from their one table. */
export const generate = (): Promise<Record<string, string>> =>
  Promise.resolve({
    'docs/configuration.md': `# Configuration and settings

<!-- Generated from src/contracts/config.ts; do not edit. -->

Both live in the data folder, as \`config.json\` and \`settings.json\`, and are changed in the dashboard, with
\`llamactor config\`, or over the sockets. A key that is missing has its default. An unknown key or a value that is not
allowed is refused, and nothing is stored. \`config.json\` may also be changed with an editor while the server runs: a mistake
is named with its line, and what ran goes on.

## Configuration

| Key | What it is | Allowed | Default | Takes effect |
| --- | --- | --- | --- | --- |
${Object.entries<Entry>(CONFIG_KEYS).map(rowOf).join('\n')}

## Settings

These change what a person sees, and take effect at once.

| Key | What it is | Allowed | Default |
| --- | --- | --- | --- |
${Object.entries<Entry>(SETTINGS_KEYS).map(rowOf).join('\n')}
`,
  });
