/** `npm run screenshots [-- names]`: builds dist/, then takes the pictures that test/browser/screenshots.ts lists. */
import { runBundled } from './lib/run-bundled.mjs';

await runBundled('test/browser/screenshots.ts');
