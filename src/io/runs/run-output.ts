/**
 * What runs wrote: one file each, pieces in order, so that somebody who comes late gets all of it and then what follows, without a
 * gap or a repetition. A run has a cap; beyond it the rest is counted, not kept, and the memory it takes is bounded.
 */
import { appendFileSync, closeSync, createReadStream, openSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { errnoOf } from '../processes/errno.ts';
import type { RunStream } from './run-process.ts';

export interface OutputPiece {
  /** Counts the pieces of one run from 0. */
  seq: number;
  /** Epoch ms. */
  at: number;
  stream: RunStream;
  text: string;
}

export interface RunOutput {
  /** Takes a piece and returns it as kept; null when the cap is reached and it was only counted. */
  add(id: string, stream: RunStream, text: string): OutputPiece | null;
  /** Pieces from `from` on, of running and of ended runs alike; about `mostChars` characters of text and at least one piece. */
  read(id: string, from: number, mostChars?: number): Promise<OutputPiece[]>;
  /** The pieces of a run that still writes, without waiting; null of one that does not. */
  now(id: string): readonly OutputPiece[] | null;
  /** How much was kept, and whether there was more. */
  size(id: string): { bytes: number; truncated: boolean };
  /** Nothing of this run follows. Returns why not all of it is on disk, or null. Its file stays. */
  finish(id: string): string | null;
  /** Deletes what this run wrote. */
  remove(id: string): Promise<void>;
  close(): void;
}

interface Open {
  /** Null when it could not be opened. */
  fd: number | null;
  pieces: OutputPiece[];
  bytes: number;
  capped: boolean;
  /** Why what comes from here on is not on disk. */
  problem: string | null;
}

/** Ids are made here and are plain, but a path is never built from anything else. */
const PLAIN_ID = /^[\w-]{1,64}$/;

export const capMarker = (capBytes: number): string =>
  `\n[output cut: more than ${Math.round(capBytes / (1024 * 1024))} MB were written]\n`;

/**
 * Opens the folder that holds them.
 *
 * @param capBytes most bytes of text kept per run, both streams together; asked for each time
 */
export const openRunOutput = async (options: {
  folder: string;
  capBytes(): number;
  now(): number;
}): Promise<RunOutput> => {
  const { folder } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const open = new Map<string, Open>();
  const fileOf = (id: string): string => {
    if (!PLAIN_ID.test(id)) throw new Error(`not an id of a run: ${id.slice(0, 64)}`);
    return path.join(folder, `${id}.jsonl`);
  };

  const begin = (id: string): Open => {
    const known = open.get(id);
    if (known !== undefined) return known;
    const made: Open = { fd: null, pieces: [], bytes: 0, capped: false, problem: null };
    attempt(made, () => {
      made.fd = openSync(fileOf(id), 'a', 0o600);
    });
    open.set(id, made);
    return made;
  };
  const keep = (run: Open, stream: RunStream, text: string): OutputPiece => {
    const piece: OutputPiece = { seq: run.pieces.length, at: options.now(), stream, text };
    run.pieces.push(piece);
    attempt(run, () => {
      // Before anybody is told, and so not in the background: who saw a piece finds it again after kill -9.
      if (run.fd !== null && run.problem === null) appendFileSync(run.fd, `${JSON.stringify(piece)}\n`);
    });
    return piece;
  };

  const finish = (id: string): string | null => {
    const run = open.get(id);
    if (run === undefined) return null;
    const { fd } = run;
    if (fd !== null) attempt(run, () => closeSync(fd));
    open.delete(id);
    return run.problem;
  };

  return {
    add(id, stream, text) {
      const run = begin(id);
      if (run.capped) return null;
      const cap = options.capBytes();
      const size = Buffer.byteLength(text);
      run.bytes += size;
      if (run.bytes <= cap) return keep(run, stream, text);
      run.capped = true;
      const room = Math.max(0, cap - (run.bytes - size));
      run.bytes = cap;
      // Cut at a character: decoding drops the bytes of one that does not fit.
      const fitting = new TextDecoder().decode(Buffer.from(text).subarray(0, room)).replace(/\uFFFD+$/, '');
      return keep(run, stream, fitting + capMarker(cap));
    },
    async read(id, from, mostChars = Infinity) {
      const run = open.get(id);
      return run === undefined ? readFile(fileOf(id), from, mostChars) : stretch(run.pieces.slice(from), mostChars);
    },
    now: (id) => open.get(id)?.pieces ?? null,
    size(id) {
      const run = open.get(id);
      return { bytes: run?.bytes ?? 0, truncated: run?.capped ?? false };
    },
    finish,
    async remove(id) {
      finish(id);
      await rm(fileOf(id), { force: true });
    },
    close() {
      for (const id of [...open.keys()]) finish(id);
    },
  };
};

/** A full disk must not end the run; what is in memory is still told to whoever follows it. */
const attempt = (run: Open, work: () => void): void => {
  try {
    work();
  } catch (error) {
    run.problem ??= error instanceof Error ? error.message : String(error);
  }
};

const stretch = (pieces: readonly OutputPiece[], mostChars: number): OutputPiece[] => {
  const taken: OutputPiece[] = [];
  let chars = 0;
  for (const piece of pieces) {
    taken.push(piece);
    chars += piece.text.length;
    if (chars >= mostChars) break;
  }
  return taken;
};

/** Reads line by line and no further than it must: ten megabytes at once would hold up everybody else. */
const readFile = async (file: string, from: number, mostChars: number): Promise<OutputPiece[]> => {
  const lines = createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity });
  const taken: OutputPiece[] = [];
  let seq = 0;
  let chars = 0;
  try {
    for await (const line of lines) {
      if (seq++ < from) continue;
      const piece = pieceOf(line);
      if (piece === null) break;
      taken.push(piece);
      chars += piece.text.length;
      if (chars >= mostChars) break;
    }
  } catch (error) {
    // A run that never wrote has no file.
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return taken;
};

/** A line that a crash cut in two is left out; the ones before it are whole. */
const pieceOf = (line: string): OutputPiece | null => {
  try {
    return JSON.parse(line) as OutputPiece;
  } catch {
    return null;
  }
};
