import solid from 'vite-plugin-solid';
import { defineConfig } from 'vitest/config';

/** Folders whose tests run the built product, processes under load or a browser; they run one file at a time. */
const system = ['test/{processes,engine,browser,session-browser,system}/**/*.test.ts'];
/** The tools of this repository themselves. */
const checks = ['test/checks/**/*.test.ts'];
const web = ['test/web/**/*.test.ts'];

/** No retries: a test that passes at the second try has found a fault. */
const common = {
  environment: 'node',
  pool: 'forks',
  testTimeout: 60_000,
  hookTimeout: 300_000,
  retry: 0,
  unstubEnvs: true,
  restoreMocks: true,
} as const;

export default defineConfig({
  test: {
    allowOnly: false,
    passWithNoTests: false,
    projects: [
      {
        test: {
          ...common,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...system, ...checks, ...web],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Solid's reactivity does nothing in its server build, so stores are tested with the browser's.
        plugins: [solid()],
        test: { ...common, name: 'web', include: web, maxWorkers: 2, sequence: { groupOrder: 0 } },
      },
      {
        test: {
          ...common,
          name: 'system',
          include: system,
          globalSetup: ['test/global-setup.ts'],
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      { test: { ...common, name: 'checks', include: checks, maxWorkers: 1, sequence: { groupOrder: 2 } } },
    ],
  },
});
