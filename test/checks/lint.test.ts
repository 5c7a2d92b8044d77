import { fileURLToPath } from 'node:url';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * Each row is a mistake that must be reported: the rule, the file as which the text is read (typed rules need one that a
 * project includes), and the text.
 */
const mistakes: [rule: string, file: string, code: string][] = [
  ['no-restricted-globals', 'machines/process.ts', 'export const now = (): number => Date.now();'],
  ['no-restricted-globals', 'machines/process.ts', 'export const now = (): unknown => new Date();'],
  [
    'no-restricted-globals',
    'machines/process.ts',
    'export const later = (): unknown => setTimeout(() => undefined, 1);',
  ],
  ['no-restricted-globals', 'machines/process.ts', "export const say = (): void => console.log('hello');"],
  ['no-restricted-globals', 'machines/process.ts', 'export const pid = (): number => process.pid;'],
  ['no-restricted-globals', 'machines/process.ts', "export const get = (): unknown => fetch('http://127.0.0.1');"],
  ['no-restricted-globals', 'machines/process.ts', 'export const now = (): unknown => globalThis.Date;'],
  ['no-restricted-properties', 'machines/process.ts', 'export const chance = (): number => Math.random();'],
  ['no-restricted-properties', 'src/contracts/errors.ts', 'export const end = (): never => process.exit(1);'],
  ['no-restricted-properties', 'src/contracts/errors.ts', "process.on('SIGTERM', () => undefined);"],
  ['no-restricted-properties', 'src/contracts/errors.ts', "process.once('SIGINT', () => undefined);"],
  ['no-restricted-properties', 'src/contracts/errors.ts', 'export const words = process.argv;'],
  [
    'no-restricted-imports',
    'src/contracts/errors.ts',
    "import { argv } from 'node:process';\nexport const words = argv;",
  ],
  ['@typescript-eslint/no-floating-promises', 'src/contracts/errors.ts', 'const work = async () => 1;\nwork();'],
  [
    '@typescript-eslint/no-misused-promises',
    'src/contracts/errors.ts',
    '[1].forEach(async (n) => { await Promise.resolve(n); });',
  ],
  [
    '@typescript-eslint/no-explicit-any',
    'src/contracts/errors.ts',
    'export const loose = (value: any): void => void value;',
  ],
  [
    '@typescript-eslint/switch-exhaustiveness-check',
    'src/contracts/errors.ts',
    "export const f = (x: 'a' | 'b'): void => { switch (x) { case 'a': break; } };",
  ],
  [
    '@typescript-eslint/consistent-type-imports',
    'src/contracts/config.ts',
    "import { ModelView } from './views.ts';\nexport type M = ModelView;",
  ],
  [
    '@typescript-eslint/no-unsafe-return',
    'src/contracts/errors.ts',
    "export const read = (): string => JSON.parse('1');",
  ],
  [
    'solid/reactivity',
    'web/main.tsx',
    'export function Name(props: { name: string }) { const { name } = props; return <b>{name}</b>; }',
  ],
];

/** What looks alike but is right. */
const fine: [file: string, code: string][] = [
  ['src/main.ts', "process.on('SIGTERM', () => process.exit(0));"],
  ['src/router/main.ts', "process.on('message', () => process.exit(0));"],
  ['src/contracts/errors.ts', 'export const now = (): number => Date.now() + process.pid;'],
  ['machines/process.ts', 'export const most = (numbers: number[]): number => Math.max(...numbers);'],
];

describe('the lint rules', () => {
  const eslint = new ESLint({ cwd: root });
  const rulesBrokenBy = async (file: string, code: string): Promise<(string | null)[]> => {
    const [result] = await eslint.lintText(`${code}\n`, { filePath: `${root}${file}` });
    if (result === undefined) throw new Error(`${file} is ignored by the configuration`);
    const fatal = result.messages.find((message) => message.fatal);
    if (fatal !== undefined) throw new Error(`${file} cannot be read: ${fatal.message}`);
    return result.messages.map(({ ruleId }) => ruleId);
  };

  // The first call loads the whole project; the rows below would otherwise share out that cost by chance.
  beforeAll(() => rulesBrokenBy('src/contracts/errors.ts', 'export {};'));

  it.each(mistakes)('%s reports, in %s: %s', async (rule, file, code) => {
    expect(await rulesBrokenBy(file, code)).toContain(rule);
  });

  it.each(fine)('accept, in %s: %s', async (file, code) => {
    expect(await rulesBrokenBy(file, code)).toEqual([]);
  });

  it('cannot be switched off from within a file', async () => {
    const code = '/* eslint-disable */\nexport const loose = (value: any): void => void value; // eslint-disable-line';
    expect(await rulesBrokenBy('src/contracts/errors.ts', code)).toContain('@typescript-eslint/no-explicit-any');
  });
});
