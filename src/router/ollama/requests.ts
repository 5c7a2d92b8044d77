import { invalid } from '../failures.ts';
import { Refused } from '../later.ts';
import type { Fields } from '../later.ts';
import { fieldsAt, flagAt, listAt, present, textAt } from './fields.ts';
import { FOR_EVER, keepAliveSeconds } from './keep-alive.ts';
import { contentOf, engineMessages } from './messages.ts';
import { engineOptions, jsonSchema, responseFormat, thinking } from './options.ts';

export type Kind = 'chat' | 'generate' | 'embed' | 'embeddings';

/** What an Ollama request asks of the engine. */
export interface EngineTask {
  /** `load` and `unload` are requests without a prompt. */
  does: 'answer' | 'load' | 'unload';
  path: string;
  body: Fields;
  streams: boolean;
  /** Seconds, FOR_EVER, or undefined for the default. */
  keepSeconds: number | undefined;
  /** Options that change nothing here. */
  ignored: string[];
}

const keepOf = (body: Fields): number | undefined => {
  const value = body['keep_alive'] ?? undefined;
  if (value === undefined) return undefined;
  const seconds = keepAliveSeconds(value);
  if (seconds !== undefined) return seconds;
  throw new Refused(invalid(`"keep_alive" must be seconds or a duration such as "5m"; ${FOR_EVER} is for ever.`));
};

const idle = (streams: boolean, keepSeconds: number | undefined): EngineTask => ({
  does: keepSeconds === 0 ? 'unload' : 'load',
  // Asked once the model is there; it costs the engine nothing.
  path: '/health',
  body: {},
  streams,
  keepSeconds,
  ignored: [],
});

const streaming = (streams: boolean): Fields =>
  streams ? { stream: true, stream_options: { include_usage: true } } : { stream: false };

const chatTask = (body: Fields): EngineTask => {
  const streams = flagAt(body, 'stream') ?? true;
  const keepSeconds = keepOf(body);
  const messages = listAt(body, 'messages') ?? [];
  if (messages.length === 0) return idle(streams, keepSeconds);
  const { fields, ignored } = engineOptions(fieldsAt(body, 'options'), 'max_tokens');
  const tools = listAt(body, 'tools');
  return {
    does: 'answer',
    path: '/v1/chat/completions',
    body: present({
      ...fields,
      ...thinking(body['think']),
      ...streaming(streams),
      messages: engineMessages(messages),
      tools: tools?.length === 0 ? undefined : tools,
      response_format: responseFormat(body['format']),
    }),
    streams,
    keepSeconds,
    ignored,
  };
};

/** A prompt goes through the model's chat template, as in Ollama, unless it is raw or a gap to be filled. */
const generateTask = (body: Fields): EngineTask => {
  const streams = flagAt(body, 'stream') ?? true;
  const keepSeconds = keepOf(body);
  const prompt = textAt(body, 'prompt') ?? '';
  const suffix = textAt(body, 'suffix') ?? '';
  const images = listAt(body, 'images');
  if (prompt === '' && suffix === '' && (images ?? []).length === 0) return idle(streams, keepSeconds);
  if (suffix !== '' || flagAt(body, 'raw') === true) {
    const { fields, ignored } = engineOptions(fieldsAt(body, 'options'), 'n_predict');
    const text = suffix === '' ? { prompt } : { input_prefix: prompt, input_suffix: suffix };
    return {
      does: 'answer',
      path: suffix === '' ? '/completion' : '/infill',
      body: present({ ...fields, ...text, stream: streams, json_schema: jsonSchema(body['format']) }),
      streams,
      keepSeconds,
      ignored,
    };
  }
  const system = textAt(body, 'system') ?? '';
  const { fields, ignored } = engineOptions(fieldsAt(body, 'options'), 'max_tokens');
  return {
    does: 'answer',
    path: '/v1/chat/completions',
    body: present({
      ...fields,
      ...thinking(body['think']),
      ...streaming(streams),
      messages: [
        ...(system === '' ? [] : [{ role: 'system', content: system }]),
        { role: 'user', content: contentOf(prompt, images) },
      ],
      response_format: responseFormat(body['format']),
    }),
    streams,
    keepSeconds,
    ignored,
  };
};

const embedTask = (body: Fields, kind: 'embed' | 'embeddings'): EngineTask => {
  const keepSeconds = keepOf(body);
  const field = kind === 'embed' ? 'input' : 'prompt';
  const input = body[field] ?? '';
  if (input === '' || (Array.isArray(input) && input.length === 0)) return idle(false, keepSeconds);
  const isText = typeof input === 'string';
  const isList = kind === 'embed' && Array.isArray(input) && input.every((text) => typeof text === 'string');
  if (!isText && !isList)
    throw new Refused(invalid(`"${field}" must be a text${kind === 'embed' ? ' or a list of texts' : ''}.`));
  return {
    does: 'answer',
    path: '/v1/embeddings',
    body: present({ input, encoding_format: 'float', dimensions: body['dimensions'] ?? undefined }),
    streams: false,
    keepSeconds,
    ignored: [],
  };
};

/** Throws Refused for a request that makes no sense. Source of the formats: Ollama's docs/api.md. */
export const engineTask = (kind: Kind, body: Fields): EngineTask => {
  if (kind === 'chat') return chatTask(body);
  return kind === 'generate' ? generateTask(body) : embedTask(body, kind);
};
