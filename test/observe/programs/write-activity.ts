/** Adds a request to the history of the given data folder every 10 ms and says its number, until it is killed. */
import { openActivity } from '../../../src/runtime/observe/activity.ts';
import { finishedRequest } from '../finished-request.ts';

const dataDir = process.argv[2] ?? '';
const activity = await openActivity({ dataDir, now: Date.now, onAdded: () => undefined, log: () => undefined });
let count = 0;
setInterval(() => {
  count += 1;
  activity.add([finishedRequest({ id: String(count) })]);
  process.stdout.write(`${count}\n`);
}, 10);
