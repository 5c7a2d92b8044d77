/** The numbers in the answers of the real engine, in each of its APIs. */
import { request } from 'node:http';
import { expect, test } from 'vitest';
import { Tail } from '../../src/router/tail.ts';
import type { TokenFacts } from '../../src/router/tail.ts';
import { engineProcess } from './support/engine-process.ts';

const factsOf = (socketPath: string, path: string, body: object): Promise<TokenFacts> =>
  new Promise((resolve, reject) => {
    const req = request({ socketPath, path, method: 'POST', agent: false }, (res) => {
      const tail = new Tail();
      res.on('data', (chunk: Buffer) => tail.push(chunk));
      res.on('end', () => {
        if (res.statusCode === 200) resolve(tail.facts());
        else reject(new Error(`${path} answered ${res.statusCode}`));
      });
    });
    req.on('error', reject);
    req.end(JSON.stringify(body));
  });

test('OpenAI’s chat and responses, and Anthropic’s messages, tell the same tokens, whole and streamed', async () => {
  const { upstream } = await engineProcess();
  const socketPath = 'socketPath' in upstream ? upstream.socketPath : '';
  const messages = [{ role: 'user', content: 'Who are you?' }];
  const bodies = [
    ['/v1/chat/completions', { messages, max_tokens: 12, temperature: 0 }],
    ['/v1/responses', { input: 'Who are you?', max_output_tokens: 12, temperature: 0 }],
    ['/v1/messages', { messages, max_tokens: 12, temperature: 0 }],
  ] as const;
  for (const [path, body] of bodies) {
    // The first call of each may fill the cache; the second finds the prompt in it.
    await factsOf(socketPath, path, { model: 'm', ...body });
    for (const stream of [false, true]) {
      const facts = await factsOf(socketPath, path, { model: 'm', ...body, stream });
      expect(facts.completionTokens, path).toBe(12);
      expect(facts.promptTokens, path).toBeGreaterThan(5);
      expect(facts.cachedTokens, path).toBeGreaterThan(0);
      expect(facts.cachedTokens, path).toBeLessThan(facts.promptTokens ?? 0);
    }
  }
});
