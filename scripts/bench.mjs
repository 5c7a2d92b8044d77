/** `npm run bench [-- names]`: builds dist/, then runs test/bench/index.ts, which chooses among test/bench/*.bench.ts. */
import { runBundled } from './lib/run-bundled.mjs';

// A process of its own, so that the bundler's memory and threads are no part of what is measured.
await runBundled('test/bench/index.ts', { node: ['--expose-gc'] });
