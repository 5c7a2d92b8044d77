import { setTimeout as delay } from 'node:timers/promises';
import { CodedError } from '../../../src/contracts/errors.ts';
import { lockDataDir } from '../../../src/io/store/data-dir-lock.ts';

/** Waits for the common moment, tries to lock the folder, says how it went, and holds the lock until it is told to end. */
const [dir = '', moment = '0'] = process.argv.slice(2);
await delay(Math.max(0, Number(moment) - Date.now() - 5));
while (Date.now() < Number(moment)) {
  // All starters leave this loop within the same millisecond.
}
try {
  await lockDataDir(dir);
  process.stdout.write('held\n');
  process.stdin.resume();
} catch (error) {
  process.stdout.write(`${error instanceof CodedError ? `${error.code} ${error.message}` : String(error)}\n`);
}
