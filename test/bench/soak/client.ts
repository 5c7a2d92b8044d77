/** One chat of the soak, and what became of it. */
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';

export type Outcome =
  | { kind: 'answered' }
  /** Told why, as an error response or as the last event of a stream. */
  | { kind: 'refused'; code: string }
  /** We hung up ourselves. */
  | { kind: 'aborted' }
  /** The connection broke or could not be opened. */
  | { kind: 'cut'; reason: string }
  /** Something that must not happen: no end in time, an answer that is neither. */
  | { kind: 'wrong'; what: string };

export interface Chat {
  port: number;
  model: string;
  stream: boolean;
  maxTokens: number;
  /** Hang up after so many ms. */
  abortAfterMs: number | null;
}

/** Longest wait for the end of an answer; beyond it the request counts as stuck. */
const STUCK_MS = 90_000;

const codeOf = (text: string): string | null => {
  try {
    const { error } = JSON.parse(text) as { error?: { code?: string | number; message?: string } };
    if (error?.message === undefined || error.message === '' || error.code === undefined) return null;
    return String(error.code);
  } catch {
    return null;
  }
};

const judge = (response: IncomingMessage, text: string, stream: boolean): Outcome => {
  const status = response.statusCode ?? 0;
  if (status !== 200) {
    const code = codeOf(text);
    return code === null
      ? { kind: 'wrong', what: `${status} without a reason: ${text.slice(0, 200)}` }
      : { kind: 'refused', code };
  }
  if (!stream) {
    return text.includes('"choices"')
      ? { kind: 'answered' }
      : { kind: 'wrong', what: `200 without an answer: ${text.slice(0, 200)}` };
  }
  if (text.includes('data: [DONE]')) return { kind: 'answered' };
  const last = text.trimEnd().split('\n\n').at(-1) ?? '';
  const code = codeOf(last.replace(/^data: /, ''));
  return code === null
    ? { kind: 'wrong', what: `a stream that ends with ${JSON.stringify(last.slice(-200))}` }
    : { kind: 'refused', code };
};

export const chat = ({ port, model, stream, maxTokens, abortAfterMs }: Chat): Promise<Outcome> =>
  new Promise((resolve) => {
    let aborted = false;
    const body = JSON.stringify({
      model,
      stream,
      max_tokens: maxTokens,
      ignore_eos: true,
      messages: [{ role: 'user', content: 'Hello' }],
    });
    const sent = request({ host: '127.0.0.1', port, path: '/v1/chat/completions', method: 'POST', agent: false });
    const finish = (outcome: Outcome): void => {
      clearTimeout(stuck);
      clearTimeout(abort);
      sent.destroy();
      resolve(aborted && outcome.kind === 'cut' ? { kind: 'aborted' } : outcome);
    };
    const stuck = setTimeout(
      () => finish({ kind: 'wrong', what: `no end within ${STUCK_MS / 1000} s (${model}, stream: ${stream})` }),
      STUCK_MS,
    );
    const abort =
      abortAfterMs === null
        ? undefined
        : setTimeout(() => {
            aborted = true;
            sent.destroy();
          }, abortAfterMs);
    sent.on('error', (error: NodeJS.ErrnoException) => finish({ kind: 'cut', reason: error.code ?? error.message }));
    sent.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('error', () => undefined);
      response.on('close', () => {
        if (response.complete) finish(judge(response, text, stream));
        else finish({ kind: 'cut', reason: 'in the middle of an answer' });
      });
    });
    sent.end(body);
  });
