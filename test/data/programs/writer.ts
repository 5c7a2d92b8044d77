import fs from 'node:fs';
import { openDocument } from '../../../src/io/store/document.ts';
import { CounterDocument, paddingFor } from '../counter-document.ts';

/** Updates a document as fast as it can, several changes at a time, and prints each number once it is acknowledged. */
const [file = ''] = process.argv.slice(2);
const document = await openDocument({
  path: file,
  schema: CounterDocument,
  version: 1,
  defaults: () => ({ n: 0, recent: [], padding: '' }),
  onDamaged: (info) => fs.writeSync(2, `${info.message}\n`),
});
fs.writeSync(1, 'open\n');
for (;;) {
  const together = Array.from({ length: 1 + Math.floor(Math.random() * 4) }, async () => {
    let written = 0;
    await document.update((draft) => {
      draft.n += 1;
      written = draft.n;
      draft.recent = [...draft.recent, draft.n].slice(-20);
      draft.padding = paddingFor(draft.n);
    });
    // Synchronous: an acknowledgement that was given must be seen even if the next instruction never runs.
    fs.writeSync(1, `${written}\n`);
  });
  await Promise.all(together);
}
