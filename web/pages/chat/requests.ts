/** A conversation as the OpenAI-style API takes it, and as a file. Pure. */
import type { ChatMessage, Conversation, Sampling, Sound, TextFile } from './types.ts';
import { titleOf } from './types.ts';

type Part =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string } }
  | { type: 'input_audio'; input_audio: { data: string; format: Sound['format'] } };
export interface ApiMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | Part[];
}

/** Longer than any run of backticks in the text, so that nothing in it ends the block. */
const fenceFor = (text: string): string =>
  '`'.repeat(Math.max(3, ...[...text.matchAll(/`+/g)].map(([run]) => run.length + 1)));

const fileText = ({ name, text }: TextFile): string => {
  const fence = fenceFor(text);
  return `${name}:\n${fence}\n${text.trimEnd()}\n${fence}`;
};

/** Files stand before the question, which then speaks of something that is known. */
const textOf = ({ files, content }: ChatMessage): string =>
  [...files.map(fileText), content].filter((part) => part !== '').join('\n\n');

const contentOf = (message: ChatMessage): ApiMessage['content'] =>
  message.images.length + message.sounds.length === 0
    ? textOf(message)
    : [
        ...message.images.map((url): Part => ({ type: 'image_url', image_url: { url } })),
        ...message.sounds.map(({ url, format }): Part => {
          return { type: 'input_audio', input_audio: { data: url.slice(url.indexOf(',') + 1), format } };
        }),
        { type: 'text', text: textOf(message) },
      ];

/** Answers that failed before their first word say nothing to a model, so they stay out. */
export const apiMessages = (system: string, messages: readonly ChatMessage[]): ApiMessage[] => [
  ...(system.trim() === '' ? [] : [{ role: 'system' as const, content: system }]),
  ...messages
    .filter((message) => message.role === 'user' || message.content !== '')
    .map((message) => ({ role: message.role, content: contentOf(message) })),
];

export const apiSampling = (sampling: Sampling): Record<string, number> =>
  Object.fromEntries(
    Object.entries(sampling).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );

export const asMarkdown = (conversation: Conversation, nameOf: (model: string) => string): string => {
  const turns = conversation.messages.map((message) => {
    const who = message.role === 'user' ? 'You' : message.model === null ? 'Answer' : nameOf(message.model);
    const images = message.images.length === 0 ? '' : `*${String(message.images.length)} image(s)*\n\n`;
    const sounds = message.sounds.map(({ name }) => `*${name}*\n\n`).join('');
    return `## ${who}\n\n${images}${sounds}${textOf(message)}\n`;
  });
  const system =
    conversation.system.trim() === '' ? [] : [`> ${conversation.system.trim().replaceAll('\n', '\n> ')}\n`];
  return [`# ${titleOf(conversation)}\n`, ...system, ...turns].join('\n');
};

export const asJson = (conversation: Conversation): string => `${JSON.stringify(conversation, null, 2)}\n`;
