/** The AI SDK and LangChain, as they come from npm, and what the OpenAI client can do besides chatting. */
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai';
import { embedMany, generateText, jsonSchema, stepCountIs, streamText, tool } from 'ai';
import OpenAI, { toFile } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_SENTENCE } from '../../../src/io/gguf/demo-model.ts';
import { STOPS_WITHIN_MS, goesOnFor, onlySlow, startClientModels } from '../../support/client-models.ts';
import type { EngineApp } from '../../support/engine-app.ts';

let app: EngineApp;
let baseURL: string;
beforeAll(async () => {
  app = await startClientModels();
  baseURL = `${app.app.routerUrl}/v1`;
});
afterAll(() => app.stop());

const prompt = 'Who are you?';

describe('the AI SDK', () => {
  const provider = () => createOpenAICompatible({ name: 'llamactor', baseURL });

  it('generates and streams', async () => {
    const model = provider()('tiny');
    const whole = await generateText({ model, prompt, temperature: 0, maxRetries: 0 });
    expect(whole.text).toBe(DEMO_SENTENCE);
    expect(whole.finishReason).toBe('stop');
    let text = '';
    for await (const part of streamText({ model, prompt, temperature: 0, maxRetries: 0 }).textStream) text += part;
    expect(text).toBe(DEMO_SENTENCE);
  });

  it('runs a tool and goes on with its result', async () => {
    const cities: string[] = [];
    const weather = tool({
      description: 'The weather',
      inputSchema: jsonSchema<{ city: string }>({ type: 'object', properties: { city: { type: 'string' } } }),
      execute: ({ city }) => {
        cities.push(city);
        return 'Rain.';
      },
    });
    const { text, steps } = await generateText({
      model: provider()('tool'),
      prompt,
      tools: { get_weather: weather },
      stopWhen: stepCountIs(3),
      maxRetries: 0,
    });
    expect(cities).toEqual(['Paris']);
    expect(steps).toHaveLength(2);
    expect(text).toBe(DEMO_SENTENCE);
  });

  it('embeds', async () => {
    const model = provider().embeddingModel('embedder');
    const { embeddings } = await embedMany({ model, values: ['one', 'two'], maxRetries: 0 });
    expect(embeddings.map(({ length }) => length)).toEqual(
      [1, 1].map(() => app.model('embedder').metadata?.embeddingLength),
    );
  });

  it('is told about an unknown model', async () => {
    await expect(generateText({ model: provider()('tinny'), prompt, maxRetries: 0 })).rejects.toMatchObject({
      name: 'AI_APICallError',
      statusCode: 404,
      message: expect.stringMatching(/tinny.*\btiny\b/) as string,
    });
  });

  it('that leaves a stream ends the generation', async () => {
    await onlySlow(app);
    const model = provider()('slow');
    const goneOn = await goesOnFor(app, async () => {
      const leave = new AbortController();
      const { textStream } = streamText({
        model,
        prompt,
        maxOutputTokens: 1_000_000,
        abortSignal: leave.signal,
        onError: () => undefined,
      });
      const reader = textStream.getReader();
      await reader.read();
      return () => leave.abort();
    });
    expect(goneOn).toBeLessThan(STOPS_WITHIN_MS);
  });
});

describe('LangChain', () => {
  const chat = (model: string) =>
    new ChatOpenAI({ model, apiKey: 'none', temperature: 0, maxRetries: 0, configuration: { baseURL } });

  it('invokes and streams', async () => {
    expect((await chat('tiny').invoke(prompt)).content).toBe(DEMO_SENTENCE);
    let text = '';
    for await (const chunk of await chat('tiny').stream([new HumanMessage(prompt)])) text += chunk.text;
    expect(text).toBe(DEMO_SENTENCE);
  });

  it('calls tools', async () => {
    const parameters = { type: 'object', properties: { city: { type: 'string' } } };
    const bound = chat('tool').bindTools([{ type: 'function', function: { name: 'get_weather', parameters } }]);
    expect((await bound.invoke(prompt)).tool_calls).toMatchObject([{ name: 'get_weather', args: { city: 'Paris' } }]);
  });

  it('embeds', async () => {
    const embeddings = new OpenAIEmbeddings({
      model: 'embedder',
      apiKey: 'none',
      maxRetries: 0,
      configuration: { baseURL },
    });
    expect(await embeddings.embedDocuments(['one', 'two'])).toHaveLength(2);
  });
});

describe('the OpenAI client', () => {
  const client = () => new OpenAI({ baseURL, apiKey: 'none', maxRetries: 0 });

  it('gets responses, whole and streamed', async () => {
    const whole = await client().responses.create({ model: 'tiny', input: prompt, temperature: 0 });
    expect(whole.output_text).toBe(DEMO_SENTENCE);
    let text = '';
    for await (const event of await client().responses.create({
      model: 'tiny',
      input: prompt,
      temperature: 0,
      stream: true,
    }))
      if (event.type === 'response.output_text.delta') text += event.delta;
    expect(text).toBe(DEMO_SENTENCE);
  });

  it('is told what the engine cannot do, whatever the form of the request', async () => {
    const file = await toFile(Buffer.alloc(200_000, 7), 'speech.wav');
    const cannot = { status: 501, code: 'not_supported', type: 'not_supported_error' };
    await expect(client().audio.transcriptions.create({ file, model: 'tiny' })).rejects.toMatchObject({
      ...cannot,
      message: expect.stringContaining('tiny cannot do POST /v1/audio/transcriptions') as string,
    });
    await expect(client().audio.translations.create({ file, model: 'tiny' })).rejects.toMatchObject(cannot);
    await expect(client().audio.speech.create({ input: 'x', model: 'tiny', voice: 'x' })).rejects.toMatchObject(cannot);
    await expect(client().images.generate({ prompt: 'x', model: 'tiny' })).rejects.toMatchObject(cannot);
    await expect(client().images.edit({ prompt: 'x', model: 'tiny', image: file })).rejects.toMatchObject(cannot);
    await expect(client().images.edit({ prompt: 'x', model: 'tinny', image: file })).rejects.toMatchObject({
      status: 404,
      code: 'model_not_found',
    });
  });
});
