/** Who this browser is in channels: an id that stays, and the name that its person has chosen. */
import { createSignal } from 'solid-js';
import { readStored, writeStored } from '../../state/stored.ts';

const randomId = (): string => {
  // Pages that came over plain HTTP from another machine have no randomUUID.
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return `web-${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
};

const stored = readStored('channel-id');
export const MY_ID = stored ?? randomId();
if (stored === null) writeStored('channel-id', MY_ID);

const [myName, setName] = createSignal(readStored('channel-name') ?? 'You');
export { myName };

export const callMe = (name: string): void => {
  const wanted = name.trim().slice(0, 64);
  if (wanted === '') return;
  setName(wanted);
  writeStored('channel-name', wanted);
};

let sent = 0;
/** A new id for a message of this page. */
export const newClientId = (): string => {
  sent += 1;
  return `${MY_ID}-${Date.now().toString(36)}-${sent}`;
};
