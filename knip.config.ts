import type { KnipConfig } from 'knip';

const config: KnipConfig = {
  entry: [
    'src/main.ts',
    'src/router/main.ts',
    'src/client/index.ts',
    'machines/index.ts',
    'web/main.tsx',
    'scripts/*.mjs',
    'scripts/check/*.mjs',
    'scripts/visualize/index.ts',
    'scripts/lib/tally-reporter.mjs',
    'test/**/*.test.ts',
    'test/global-setup.ts',
    'test/bench/index.ts',
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
  // A type beside the function it describes is documentation even where nobody names it.
  ignoreExportsUsedInFile: true,
};

export default config;
