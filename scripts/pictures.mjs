/** `npm run pictures`: builds dist/, then writes the pictures and the capture of the README into docs/images/. */
import { runBundled } from './lib/run-bundled.mjs';

await runBundled('test/browser/pictures.ts');
