import type { Failure } from './failures.ts';

/** How one family of clients wants to be told about an error. */
export interface Dialect {
  /** The JSON body of an error response. */
  body(cause: Failure): string;
  /** The bytes that end a running stream. */
  event(cause: Failure): string;
  /** The form of its streams; Server-Sent Events unless said. */
  stream?: {
    contentType: string;
    /** What tells a waiting client that it still waits. */
    note(text: string): string;
  };
}

const openaiBody = ({ message, type, code }: Failure): string => JSON.stringify({ error: { message, type, code } });

/** OpenAI's shape, which llama-server uses too. No `[DONE]` follows an error event: that word means success. */
export const openaiDialect: Dialect = {
  body: openaiBody,
  event: (cause) => `data: ${openaiBody(cause)}\n\n`,
};
