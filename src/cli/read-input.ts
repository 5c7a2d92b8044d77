import { CodedError } from '../contracts/errors.ts';
import { UsageError } from './exit.ts';
import type { CliIo } from './io.ts';

const LIMIT = 16 * 1024 * 1024;

/** All of a piped stdin as text. Refuses a terminal, which would look like a hang, and more than 16 MiB. */
export const readStdin = async (io: CliIo, what: string): Promise<string> => {
  if (io.stdin.isTTY === true) throw new UsageError(`Give ${what}, or pipe it in.`);
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of io.stdin) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    if (text.length > LIMIT)
      throw new CodedError('INVALID_PAYLOAD', 'The input is larger than 16 MiB; give a smaller one.');
  }
  return text + decoder.decode();
};
