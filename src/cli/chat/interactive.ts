import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CodedError } from '../../contracts/errors.ts';
import { Interrupted, reportOf } from '../exit.ts';
import type { Session } from '../session.ts';
import type { ChatMessage } from './completion.ts';
import type { Turn } from './turn.ts';

/** readline wants a stream with listeners; ours only counts as a terminal when stdout is one. */
const terminalOf = (session: Session): NodeJS.WritableStream => {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      session.io.stdout.write(chunk.toString('utf8'));
      done();
    },
  });
};

/**
 * A conversation: each line is a message, the answers are remembered. Ctrl-C ends the answer under way, or the conversation when
 * there is none; Ctrl-D ends it, too. A failed answer is reported and its question forgotten, so that the next one starts clean.
 */
export const converse = async (session: Session, turn: Turn, system: readonly ChatMessage[]): Promise<void> => {
  const lines = createInterface({ input: session.io.stdin, output: terminalOf(session), terminal: true });
  let answering: AbortController | null = null;
  let messages: ChatMessage[] = [...system];
  const interrupted = new AbortController();
  lines.on('SIGINT', () => {
    if (answering === null) interrupted.abort(new Interrupted(''));
    else answering.abort(new Interrupted(''));
  });
  session.note(session.paintError('dim', 'Ctrl-C stops an answer, Ctrl-D ends the conversation, /clear forgets it.'));
  const closed = new Promise<null>((resolve) => lines.once('close', () => resolve(null)));
  try {
    for (;;) {
      const line = await Promise.race([lines.question('> ', { signal: interrupted.signal }), closed]);
      if (line === null || line.trim() === '/exit') return;
      if (line.trim() === '') continue;
      if (line.trim() === '/clear') {
        messages = [...system];
        continue;
      }
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
    }
  } catch (error) {
    throw interrupted.signal.aborted ? interrupted.signal.reason : error;
  } finally {
    lines.close();
  }
};
