import type { FromRouter, ToRouter } from '../contracts/ipc.ts';
import { createRouter } from './router.ts';

/** Messages the control plane has not taken yet; beyond this, records are dropped rather than piled up. */
const MOST_UNSENT = 1000;
const DROPPABLE: ReadonlySet<FromRouter['type']> = new Set(['finished', 'captured', 'tokens', 'log']);
const EXIT_DEADLINE_MS = 1000;

let unsent = 0;
let exitCode: number | null = null;

const exitWhenSent = (): void => {
  if (exitCode !== null && unsent === 0) process.exit(exitCode);
};

const send = (message: FromRouter): void => {
  if (!process.connected || !process.send) return;
  if (unsent >= MOST_UNSENT && DROPPABLE.has(message.type)) return;
  unsent++;
  // With a callback a closing channel is no error event; the disconnect below deals with it.
  process.send(message, undefined, undefined, () => {
    unsent--;
    exitWhenSent();
  });
};

const router = createRouter({
  send,
  exit: (code) => {
    exitCode = code;
    setTimeout(() => process.exit(code), EXIT_DEADLINE_MS);
    exitWhenSent();
  },
});

process.on('message', (message) => router.receive(message as ToRouter));
// Without its control plane nobody would stop this process any more, whatever streams still run.
process.on('disconnect', () => process.exit(1));
// A Ctrl-C or a service manager's signal goes to the whole group: the control plane drains and says `shutdown`.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
