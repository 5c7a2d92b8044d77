import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CodedError } from '../../contracts/errors.ts';
import { Interrupted, reportOf } from '../exit.ts';
import type { Session } from '../session.ts';
import type { ChatMessage } from './completion.ts';
import type { Turn } from './turn.ts';

const outputOf = (session: Session): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      session.io.stdout.write(chunk.toString('utf8'));
      done();
    },
  });

interface LineReader {
  /** The next line, also one that was typed while an answer ran; null at the end of the input. */
  next(): Promise<string | null>;
  onInterrupt(listener: () => void): void;
  close(): void;
}

const readLines = (session: Session): LineReader => {
  const lines = createInterface({ input: session.io.stdin, output: outputOf(session), prompt: '> ', terminal: true });
  const waiting: string[] = [];
  let closed = false;
  let wake: () => void = () => undefined;
  lines.on('line', (line) => {
    waiting.push(line);
    wake();
  });
  lines.on('close', () => {
    closed = true;
    wake();
  });
  const next = async (): Promise<string | null> => {
    for (;;) {
      const line = waiting.shift();
      if (line !== undefined) return line;
      if (closed) return null;
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      lines.prompt();
      await woken;
    }
  };
  return { next, onInterrupt: (listener) => void lines.on('SIGINT', listener), close: () => lines.close() };
};

/**
 * A conversation: each line is a message, the answers are remembered. Ctrl-C ends the answer under way, or the conversation when
 * there is none; Ctrl-D ends it, too. A failed answer is reported and its question forgotten, so that the next one starts clean.
 */
export const converse = async (session: Session, turn: Turn, system: readonly ChatMessage[]): Promise<void> => {
  const lines = readLines(session);
  let answering: AbortController | null = null;
  let messages: ChatMessage[] = [...system];
  const interrupted = new Promise<never>((_resolve, reject) => {
    lines.onInterrupt(() => {
      if (answering === null) reject(new Interrupted(''));
      else answering.abort(new Interrupted(''));
    });
  });
  const answer = async (line: string): Promise<void> => {
    answering = new AbortController();
    try {
      const asked: ChatMessage[] = [...messages, { role: 'user', content: line }];
      const result = await turn.ask(asked, AbortSignal.any([session.signal, answering.signal]));
      messages = [...asked, { role: 'assistant', content: result.content }];
    } catch (error) {
      if (session.signal.aborted) throw error;
      if (error instanceof Interrupted) session.note(session.paintError('dim', 'stopped'));
      else if (error instanceof CodedError) session.note(session.paintError('red', reportOf(error).sentence));
      else throw error;
    } finally {
      answering = null;
    }
  };
  session.note(session.paintError('dim', 'Ctrl-C stops an answer, Ctrl-D ends the conversation, /clear forgets it.'));
  try {
    for (;;) {
      const line = (await Promise.race([lines.next(), interrupted]))?.trim();
      if (line === undefined || line === '/exit') return;
      if (line === '/clear') messages = [...system];
      else if (line !== '') await answer(line);
    }
  } finally {
    lines.close();
  }
};
