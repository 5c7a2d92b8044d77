import eslint from '@eslint/js';
import solid from 'eslint-plugin-solid/configs/typescript';
import tseslint from 'typescript-eslint';

const typescript = ['**/*.ts', '**/*.tsx'];

/** A machine decides; what it knows of time, chance and the world arrives in its events and input. */
const worldGlobals = [
  'Date',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'performance',
  'crypto',
  'console',
  'process',
  'fetch',
  'globalThis',
].map((name) => ({
  name,
  message: 'Machines get time, ids and facts from events or input, and act through named ports.',
}));

/** Whoever ends the process or listens to its signals must be the one who owns it. */
const ownedByMain =
  'Only src/main.ts, src/cli and src/router/main.ts touch exit, signals and argv; take what you need as a parameter.';
const processProperties = [
  'exit',
  'exitCode',
  'abort',
  'argv',
  'execArgv',
  'on',
  'once',
  'addListener',
  'prependListener',
].map((property) => ({ object: 'process', property, message: ownedByMain }));

export default tseslint.config(
  { ignores: ['**/node_modules/', 'dist/', '.cache/', 'coverage/', 'test-results/', 'visualizations/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error', noInlineConfig: true } },
  eslint.configs.recommended,
  {
    files: typescript,
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/no-import-type-side-effects': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-deprecated': [
        'error',
        {
          allow: [
            // The one way to copy text where the clipboard API is withheld: a page that is served over plain HTTP.
            { from: 'lib', name: 'execCommand' },
            // The older transport: servers that speak only that one are still about.
            {
              from: 'package',
              package: '@modelcontextprotocol/sdk',
              name: ['SSEClientTransport', 'SSEServerTransport'],
            },
          ],
        },
      ],
      // Matters of taste, which would only invite detours.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-dynamic-delete': 'off',
      // Ports are objects of functions, and async is what an interface may ask for: neither is a mistake here.
      '@typescript-eslint/unbound-method': 'off',
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'all', ignoreRestSiblings: true },
      ],
      // `== null` is the one comparison that means null or undefined.
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['machines/**/*.ts'],
    rules: {
      'no-restricted-globals': ['error', ...worldGlobals],
      'no-restricted-properties': [
        'error',
        { object: 'Math', property: 'random', message: 'Chance comes in events or input.' },
      ],
    },
  },
  {
    files: ['src/**/*.ts'],
    ignores: ['src/main.ts', 'src/cli/**', 'src/router/main.ts'],
    rules: {
      'no-restricted-properties': ['error', ...processProperties],
      'no-restricted-imports': [
        'error',
        { paths: ['process', 'node:process'].map((name) => ({ name, message: ownedByMain })) },
      ],
    },
  },
  {
    // Tests read answers as they come over the wire; what they expect of them is the check.
    files: ['test/**/*.ts'],
    rules: Object.fromEntries(
      [
        'no-unsafe-assignment',
        'no-unsafe-member-access',
        'no-unsafe-argument',
        'no-unsafe-return',
        'no-non-null-assertion',
      ].map((name) => [`@typescript-eslint/${name}`, 'off']),
    ),
  },
  { files: ['web/**/*.tsx', 'web/**/*.ts'], extends: [solid] },
  {
    files: ['web/public/**/*.js'],
    languageOptions: {
      sourceType: 'script',
      globals: Object.fromEntries(
        ['window', 'document', 'localStorage', 'matchMedia'].map((name) => [name, 'readonly']),
      ),
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    // Whatever the running Node offers.
    languageOptions: {
      globals: Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, 'readonly'])),
    },
  },
);
