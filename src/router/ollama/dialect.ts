import type { Dialect } from '../dialect.ts';
import type { Failure } from '../failures.ts';

export const NDJSON = 'application/x-ndjson';

const body = ({ message, code }: Failure): string => JSON.stringify({ error: message, code });

/** Ollama's shape: one sentence under `error`; our code stands beside it. */
export const ollamaDialect: Dialect = {
  body,
  event: (cause) => `${body(cause)}\n`,
};

/** The same for one request whose answer is lines of JSON. A line without text is what tells its client that it still waits. */
export const lineDialect = (waiting: () => object): Dialect => ({
  ...ollamaDialect,
  stream: { contentType: NDJSON, note: () => `${JSON.stringify(waiting())}\n` },
});
