/** Files on their way to the server, for a session to be given. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { SessionFileView } from '../../../src/contracts/sessions.ts';
import { sendFile } from '../../net/send-file.ts';
import type { Ticket } from '../../state/ticket.ts';
import { messageOf } from '../../state/toasts.ts';

export interface Upload {
  key: number;
  name: string;
  size: number;
  /** 0 to 100. */
  percent: number;
  /** What the server made of it; null until then. */
  file: SessionFileView | null;
  problem: string | null;
}

export interface Uploads {
  list: Accessor<readonly Upload[]>;
  add: (files: readonly File[]) => void;
  remove: (key: number) => void;
  clear: () => void;
  fileIds: () => string[];
  /** Why what depends on them has to wait; null when it need not. */
  why: () => string | null;
}

export const createUploads = (ticket: Ticket): Uploads => {
  const [list, setList] = createSignal<readonly Upload[]>([]);
  let made = 0;
  const change = (key: number, parts: Partial<Upload>): void => {
    setList((held) => held.map((one) => (one.key === key ? { ...one, ...parts } : one)));
  };
  const send = async (file: File): Promise<void> => {
    const key = (made += 1);
    const { name, size } = file;
    setList((held) => [...held, { key, name, size, percent: 0, file: null, problem: null }]);
    try {
      const address = ticket.address(`/api/sessions/files?name=${encodeURIComponent(name)}`);
      if (address === null) throw new Error('Not connected to Llamactor');
      const sent = await sendFile<{ file: SessionFileView }>(address, file, (percent) => change(key, { percent }));
      change(key, { file: sent.file, percent: 100 });
    } catch (error) {
      change(key, { problem: messageOf(error) });
    }
  };
  return {
    list,
    add: (files) => {
      for (const file of files) void send(file);
    },
    remove: (key) => setList((held) => held.filter((one) => one.key !== key)),
    clear: () => setList([]),
    fileIds: () => list().flatMap(({ file }) => (file === null ? [] : [file.fileId])),
    why: () => {
      if (list().some(({ problem }) => problem !== null)) return 'A file was not sent; take it out first';
      return list().some(({ file }) => file === null) ? 'A file is still being sent' : null;
    },
  };
};
