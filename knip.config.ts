import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/main.ts',
    'src/router/main.ts',
    'src/client/index.ts',
    'machines/index.ts',
    'scripts/*.mjs',
    'scripts/check/*.mjs',
    'scripts/lib/tally-reporter.mjs',
    // Named by scripts/generators.mjs.
    'scripts/visualize/index.ts',
    'scripts/generate/*.ts',
    'src/commands/contract-table.ts',
    'test/**/*.test.ts',
    'test/bench/*.ts',
    // Run by scripts/screenshots.mjs and scripts/pictures.mjs.
    'test/browser/{screenshots,pictures}.ts',
    // Run as processes of their own.
    'test/**/programs/*.ts',
    'test/checks/fixtures/*.ts',
  ],
  project: [
    'src/**/*.ts',
    'machines/**/*.ts',
    'web/**/*.{ts,tsx}',
    'scripts/**/*.{ts,mjs}',
    'test/**/*.ts',
    '*.{ts,mjs}',
  ],
  // Found at run time, by the name of the package (src/io/sessions/pdf-text.ts).
  ignoreDependencies: ['unpdf'],
  // Tools of the system, which tests use where they exist.
  ignoreBinaries: ['apt-get', 'mkfifo'],
  ignoreExportsUsedInFile: true,
  // A type beside the function it describes is documentation, also where nobody names it.
  exclude: ['types'],
};

export default config;
