import type { Command } from 'commander';
import { CONFIG_ALIASES, CONFIG_KEYS, defaultConfig } from '../../contracts/config.ts';
import type { ConfigKey } from '../../contracts/config.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import { applyPayload, printEffects, withApply } from '../apply.ts';
import type { ApplyFlags } from '../apply.ts';
import { EXIT, UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

const KEYS = Object.keys(CONFIG_KEYS) as ConfigKey[];
const isKey = (word: string): word is ConfigKey => Object.hasOwn(CONFIG_KEYS, word);

const keyOf = (word: string): ConfigKey => {
  const key = isKey(word) ? word : CONFIG_ALIASES[word];
  if (key !== undefined) return key;
  const [close] = nearestNames(word, KEYS, 1);
  throw new UsageError(
    `There is no configuration key "${word}"${close === undefined ? '' : `; did you mean ${close}`}; \`llamactor config\` lists them all.`,
  );
};

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** Words of the command line as the value the key wants: text as it is, numbers and booleans by JSON, lists word by word. */
export const configValue = (key: ConfigKey, words: readonly string[]): unknown => {
  const { schema, default: fallback, help } = CONFIG_KEYS[key];
  const [first = ''] = words;
  if (!Array.isArray(fallback) && words.length > 1)
    throw new UsageError(`${key} takes one value; quote it if it contains blanks.`);
  const candidates: unknown[] = Array.isArray(fallback)
    ? [...(words.length === 1 ? [parseJson(first)] : []), words.length === 1 && first === '' ? [] : [...words]]
    : [first, parseJson(first)];
  for (const candidate of candidates) {
    const parsed = schema.safeParse(candidate);
    if (parsed.success) return parsed.data;
  }
  const issue = schema.safeParse(candidates.at(-1)).error?.issues[0]?.message ?? 'invalid value';
  throw new UsageError(`"${words.join(' ')}" does not suit ${key}: ${issue} (${help})`);
};

const shown = (value: unknown): string =>
  Array.isArray(value) ? value.map(String).join(', ') : typeof value === 'string' ? value : JSON.stringify(value);

const get = async (session: Session, word: string | undefined): Promise<void> => {
  const key = word === undefined ? null : keyOf(word);
  const client = await session.connect();
  const { config } = await client.call('config:get', {});
  if (key !== null) {
    if (session.asJson) session.json(config[key]);
    else session.print(`${shown(config[key])}\n`);
    return;
  }
  if (session.asJson) {
    session.json({ config });
    return;
  }
  const defaults = defaultConfig();
  const rows = KEYS.map((each) => {
    const changed = JSON.stringify(config[each]) !== JSON.stringify(defaults[each]);
    return [
      each,
      { text: shown(config[each]), colour: changed ? ('cyan' as const) : null },
      { text: CONFIG_KEYS[each].help, colour: 'dim' as const },
    ];
  });
  session.print(
    table(
      [{ title: 'key' }, { title: 'value', flexible: true }, { title: 'meaning', flexible: true }],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const set = async (session: Session, word: string, words: readonly string[], flags: ApplyFlags): Promise<void> => {
  const key = keyOf(word);
  const value = configValue(key, words);
  const payload = { config: { [key]: value }, ...applyPayload(flags) };
  const client = await session.connect();
  const { effects } = await client.call('config:preview', payload);
  if (flags.preview === true) {
    if (session.asJson) session.json({ effects });
    else printEffects(session, effects);
    return;
  }
  if (!session.asJson) printEffects(session, effects);
  const { config } = await client.call('config:update', payload);
  if (session.asJson) session.json({ config, effects });
  else session.print(`${key} is now ${shown(config[key]) || 'empty'}.\n`);
};

const problems = async (session: Session): Promise<number> => {
  const client = await session.connect();
  const result = await client.call('config:problems', {});
  if (session.asJson) session.json(result);
  else if (result.problems.length === 0) session.print('Nothing is wrong with the files in the data folder.\n');
  else for (const { source, message } of result.problems) session.print(`${oneLine(source)}: ${oneLine(message)}\n`);
  return result.problems.length === 0 ? EXIT.ok : EXIT.failed;
};

export const registerConfig = (program: Command, host: CliHost): void => {
  const config = program.command('config').description('show and change the configuration');
  config
    .command('get', { isDefault: true })
    .description('show all keys, or the value of one')
    .argument('[key]', 'configuration key')
    .action((key: string | undefined) => host.run((session) => get(session, key)));
  const setting = config
    .command('set')
    .description('change one key; lists take several values')
    .argument('<key>', 'configuration key')
    .argument('<value...>', 'new value')
    .addHelpText('after', '\nWhat it does to running models and the router is printed first.')
    .action((key: string, values: string[], flags: ApplyFlags) =>
      host.run((session) => set(session, key, values, flags)),
    );
  withApply(setting);
  config
    .command('problems')
    .description('say what is wrong with files that were edited, with line and reason')
    .action(() => host.run(problems));
};
