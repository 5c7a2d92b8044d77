/** Everything that a run leaves behind is registered here when it is made, and undone in reverse order, also on Ctrl-C. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const STOP_MS = 10_000;
const children = new Set<ChildProcess>();
const folders = new Set<string>();
const closers = new Set<() => void>();

export const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

/** Registers a process; it is forgotten when it ends. */
export const track = <C extends ChildProcess>(child: C): C => {
  children.add(child);
  child.once('exit', () => children.delete(child));
  // Without a listener a process that cannot be started would end the bench with a bare stack.
  child.once('error', () => children.delete(child));
  return child;
};

/** Asks with SIGTERM, or by `ask`, and kills after 10 s. */
export const stopChild = async (
  child: ChildProcess,
  ask: (child: ChildProcess) => void = () => child.kill('SIGTERM'),
): Promise<void> => {
  if (!isRunning(child)) return;
  const gone = once(child, 'exit');
  ask(child);
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await gone;
  clearTimeout(timer);
};

/** A private folder, removed by `removeFolder` or at the end. */
export const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-bench-'));
  folders.add(folder);
  return folder;
};

export const removeFolder = async (folder: string): Promise<void> => {
  await rm(folder, { recursive: true, force: true });
  folders.delete(folder);
};

/** A connection that must not outlive a failed bench: it would try to reconnect for ever. Returns what closes it. */
export const closeAtEnd = (close: () => void): (() => void) => {
  closers.add(close);
  return () => {
    closers.delete(close);
    close();
  };
};

/** Ends and removes what is left. */
export const cleanUp = async (): Promise<void> => {
  for (const close of closers) close();
  closers.clear();
  await Promise.all([...children].map((child) => stopChild(child)));
  for (const folder of [...folders]) await removeFolder(folder);
};

/** The same without waiting: engines end with the server that holds their stdin. */
export const cleanUpNow = (): void => {
  for (const child of children) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
};
