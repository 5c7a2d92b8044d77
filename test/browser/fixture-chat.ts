/** An inference API that answers with a text of the test's choice, a few characters at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export interface ChatScript {
  text: string;
  reasoning: string;
  /** Answers with this status and sentence instead. */
  refusal: { status: number; message: string } | null;
  /** Breaks off with this sentence after half of the text. */
  breaksWith: string | null;
  /** Pause between two parts, ms. */
  pace: number;
}

export const plainChat: ChatScript = { text: 'Hello there.', reasoning: '', refusal: null, breaksWith: null, pace: 0 };

/** Each request's body, as it came. */
export type ChatBody = { model: string; messages: { role: string; content: unknown }[] } & Record<string, unknown>;

const partsOf = (text: string): string[] => text.match(/.{1,6}/gsu) ?? [];

export const answerChat = async (
  request: IncomingMessage,
  response: ServerResponse,
  script: ChatScript,
  asked: (body: ChatBody) => void,
): Promise<void> => {
  let body = '';
  for await (const chunk of request) body += String(chunk);
  asked(JSON.parse(body) as ChatBody);
  if (script.refusal !== null) {
    response.writeHead(script.refusal.status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: script.refusal.message, type: 'server_error' } }));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let gone = false;
  response.on('close', () => (gone = true));
  const send = async (data: unknown): Promise<void> => {
    if (gone) return;
    response.write(`data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`);
    if (script.pace > 0) await new Promise((done) => setTimeout(done, script.pace));
  };
  const delta = (parts: Record<string, string>) => ({ choices: [{ index: 0, delta: parts, finish_reason: null }] });
  for (const part of partsOf(script.reasoning)) await send(delta({ reasoning_content: part }));
  const parts = partsOf(script.text);
  const broken = script.breaksWith;
  for (const part of broken === null ? parts : parts.slice(0, Math.ceil(parts.length / 2)))
    await send(delta({ content: part }));
  if (broken !== null) {
    await send({ error: { message: broken, type: 'server_error' } });
    response.end();
    return;
  }
  await send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  await send({
    choices: [],
    usage: { prompt_tokens: 21, completion_tokens: parts.length },
    timings: { prompt_n: 21, predicted_n: parts.length, predicted_per_second: 41.8 },
  });
  await send('[DONE]');
  response.end();
};
