/** Opens a browser with a page and says so; then it waits to be killed. Arguments: folder, executable, address. */
import path from 'node:path';
import { browserOpener } from '../../../src/io/browser/open.ts';
import { startGuardian } from '../../../src/io/guardian.ts';
import { pidRecords } from '../../../src/io/processes/pid-records.ts';

const [, , folder = '', executable = '', address = ''] = process.argv;

const open = browserOpener({
  pids: pidRecords(path.join(folder, 'run')),
  guardian: startGuardian(),
  env: process.env,
  warn: () => undefined,
  now: Date.now,
});
const browser = await open(
  {
    id: 'held',
    executable,
    profile: path.join(folder, 'profile'),
    downloads: path.join(folder, 'downloads'),
    viewport: { width: 800, height: 600 },
    locale: 'en-GB',
    network: () => ({ allow: [], deny: [], allowPrivate: [new URL(address).host] }),
    mostBytes: () => 2 ** 20,
    mayVisit: async () => ({ allowed: true, why: null }),
    startUrl: address,
    on: () => undefined,
  },
  new AbortController().signal,
);
process.stdout.write(`open ${browser.page()?.url ?? ''}\n`);
setInterval(() => undefined, 60_000);
