import { invalid } from '../failures.ts';
import { Refused, isFields } from '../later.ts';
import type { Fields } from '../later.ts';
import { listAt, present, textAt } from './fields.ts';

const BASE64 = /^[A-Za-z0-9+/\s]*={0,2}\s*$/;

/** First characters in base64 of the image formats that engines read. */
const IMAGE_TYPES: readonly [string, string][] = [
  ['iVBOR', 'image/png'],
  ['/9j/', 'image/jpeg'],
  ['R0lG', 'image/gif'],
  ['UklG', 'image/webp'],
  ['Qk', 'image/bmp'],
];

const imagePart = (image: unknown): Fields => {
  if (typeof image !== 'string' || image === '' || !BASE64.test(image.slice(0, 1024)))
    throw new Refused(invalid('"images" must be a list of images in base64, without a data: prefix.'));
  const type = IMAGE_TYPES.find(([start]) => image.startsWith(start))?.[1] ?? 'image/jpeg';
  return { type: 'image_url', image_url: { url: `data:${type};base64,${image}` } };
};

/** Text alone stays a string, which every chat template knows. */
export const contentOf = (text: string, images: readonly unknown[] | undefined): unknown =>
  images === undefined || images.length === 0
    ? text
    : [...(text === '' ? [] : [{ type: 'text', text }]), ...images.map(imagePart)];

/** Gives the calls of a conversation ids, which Ollama's do not have, and its tool messages those of the calls they answer. */
class CallIds {
  #count = 0;
  #open: { id: string; name: string }[] = [];

  called(name: string): string {
    const id = `call_${++this.#count}`;
    this.#open.push({ id, name });
    return id;
  }

  /** The oldest call of that name, or else the oldest of all. */
  answered(name: string | undefined): string {
    const at = Math.max(
      0,
      this.#open.findIndex((call) => call.name === name),
    );
    return this.#open.splice(at, 1)[0]?.id ?? `call_${++this.#count}`;
  }
}

const engineCall = (call: unknown, ids: CallIds): Fields => {
  const called = isFields(call) && isFields(call['function']) ? call['function'] : undefined;
  const name = called?.['name'];
  if (typeof name !== 'string')
    throw new Refused(invalid('"tool_calls" must be a list of {function: {name, arguments}}.'));
  return {
    id: ids.called(name),
    type: 'function',
    function: { name, arguments: JSON.stringify(called?.['arguments'] ?? {}) },
  };
};

const engineMessage = (message: unknown, ids: CallIds): Fields => {
  if (!isFields(message) || typeof message['role'] !== 'string')
    throw new Refused(invalid('"messages" must be a list of {role, content}.'));
  const calls = listAt(message, 'tool_calls')?.map((call) => engineCall(call, ids));
  const { role } = message;
  return present({
    role,
    content: contentOf(textAt(message, 'content') ?? '', listAt(message, 'images')),
    reasoning_content: textAt(message, 'thinking'),
    tool_calls: calls?.length === 0 ? undefined : calls,
    tool_call_id:
      role === 'tool'
        ? (textAt(message, 'tool_call_id') ?? ids.answered(textAt(message, 'tool_name') ?? textAt(message, 'name')))
        : undefined,
  });
};

/** Ollama's messages in the words of chat completions. Throws Refused. */
export const engineMessages = (messages: readonly unknown[]): Fields[] => {
  const ids = new CallIds();
  return messages.map((message) => engineMessage(message, ids));
};
