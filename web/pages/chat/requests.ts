/** A conversation as the OpenAI-style API takes it, and as a file. Pure. */
import type { ChatMessage, Conversation, Sampling } from './types.ts';
import { titleOf } from './types.ts';

type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } };
export interface ApiMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | Part[];
}

const contentOf = (message: ChatMessage): ApiMessage['content'] =>
  message.images.length === 0
    ? message.content
    : [
        ...message.images.map((url): Part => ({ type: 'image_url', image_url: { url } })),
        { type: 'text', text: message.content },
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
    return `## ${who}\n\n${images}${message.content}\n`;
  });
  const system =
    conversation.system.trim() === '' ? [] : [`> ${conversation.system.trim().replaceAll('\n', '\n> ')}\n`];
  return [`# ${titleOf(conversation)}\n`, ...system, ...turns].join('\n');
};

export const asJson = (conversation: Conversation): string => `${JSON.stringify(conversation, null, 2)}\n`;
