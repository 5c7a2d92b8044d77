/**
 * What runs wrote: one file each, pieces in order, so that somebody who comes late gets all of it and then what follows, without a
 * gap or a repetition. A run has a cap; beyond it the rest is counted, not kept, and the memory it takes is bounded.
 */
import { createWriteStream } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
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
  /** Pieces from `from` on, kept ones of this run and of earlier servers alike. */
  read(id: string, from: number): Promise<OutputPiece[]>;
  /** Resolves when everything of this run is on disk. Its file stays. */
  finish(id: string): Promise<void>;
  /** Deletes what this run wrote. */
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

interface Open {
  stream: WriteStream;
  pieces: OutputPiece[];
  bytes: number;
  capped: boolean;
}

/** Ids are made here and are plain, but a path is never built from anything else. */
const PLAIN_ID = /^[\w-]{1,64}$/;

export const capMarker = (capBytes: number): string =>
  `\n[output cut: more than ${Math.round(capBytes / (1024 * 1024))} MB were written]\n`;

/**
 * Opens the folder that holds them.
 *
 * @param capBytes most bytes of text kept per run, both streams together
 */
export const openRunOutput = async (options: {
  folder: string;
  capBytes: number;
  now(): number;
}): Promise<RunOutput> => {
  const { folder, capBytes } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const open = new Map<string, Open>();
  const fileOf = (id: string): string => {
    if (!PLAIN_ID.test(id)) throw new Error(`not an id of a run: ${id.slice(0, 64)}`);
    return path.join(folder, `${id}.jsonl`);
  };

  const begin = (id: string): Open => {
    const known = open.get(id);
    if (known !== undefined) return known;
    const stream = createWriteStream(fileOf(id), { flags: 'a', mode: 0o600 });
    // A full disk must not end the run; what is in memory is still told to whoever follows it.
    stream.on('error', () => undefined);
    const made: Open = { stream, pieces: [], bytes: 0, capped: false };
    open.set(id, made);
    return made;
  };
  const keep = (run: Open, stream: RunStream, text: string): OutputPiece => {
    const piece: OutputPiece = { seq: run.pieces.length, at: options.now(), stream, text };
    run.pieces.push(piece);
    run.stream.write(`${JSON.stringify(piece)}\n`);
    return piece;
  };

  const finish = async (id: string): Promise<void> => {
    const run = open.get(id);
    if (run === undefined) return;
    await new Promise<void>((resolve) => {
      run.stream.once('close', resolve);
      run.stream.end();
    });
    open.delete(id);
  };

  return {
    add(id, stream, text) {
      const run = begin(id);
      if (run.capped) return null;
      run.bytes += Buffer.byteLength(text);
      if (run.bytes <= capBytes) return keep(run, stream, text);
      run.capped = true;
      const room = Math.max(0, capBytes - (run.bytes - Buffer.byteLength(text)));
      // Cut at a character: decoding drops the bytes of one that does not fit.
      const fitting = new TextDecoder().decode(Buffer.from(text).subarray(0, room)).replace(/\uFFFD+$/, '');
      return keep(run, stream, fitting + capMarker(capBytes));
    },
    async read(id, from) {
      const run = open.get(id);
      if (run !== undefined) return run.pieces.slice(from);
      const text = await readFile(fileOf(id), 'utf8').catch(() => '');
      return text
        .split('\n')
        .flatMap((line) => pieceOf(line) ?? [])
        .slice(from);
    },
    finish,
    async remove(id) {
      await finish(id);
      await rm(fileOf(id), { force: true });
    },
    async close() {
      for (const id of [...open.keys()]) await finish(id);
    },
  };
};

/** A line that a crash cut in two is left out; the ones before it are whole. */
const pieceOf = (line: string): OutputPiece | null => {
  try {
    return JSON.parse(line) as OutputPiece;
  } catch {
    return null;
  }
};
