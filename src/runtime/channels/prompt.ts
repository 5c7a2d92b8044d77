/** What a model is given of a channel: the agent's instructions and as many of the newest messages as fit its context. Pure. */
import type { AgentView, MessageView } from '../../contracts/channels.ts';

export interface TextPart {
  type: 'text';
  text: string;
}
export interface ImagePart {
  type: 'image_url';
  image_url: { url: string };
}
export interface PromptMessage {
  role: 'system' | 'user' | 'assistant';
  content: string | (TextPart | ImagePart)[];
}

export interface PromptOptions {
  agent: AgentView;
  isDm: boolean;
  /** Oldest first. */
  messages: readonly MessageView[];
  /** The model sees images. */
  seesImages: boolean;
  /** Most characters in all. */
  characters: number;
}

/** What each message costs besides its words: the template's own. */
const FRAME = 24;
/** What an image costs, in characters. */
const IMAGE = 2000;

const isFailureNotice = ({ metadata }: MessageView): boolean => metadata['failure'] !== undefined;

const imagesOf = (message: MessageView): string[] =>
  message.attachments.flatMap(({ url, type }) =>
    type.startsWith('image/') && url.startsWith('data:image/') ? [url] : [],
  );

interface Said {
  role: 'user' | 'assistant';
  text: string;
  images: string[];
}

const said = (message: MessageView, { agent, isDm, seesImages }: PromptOptions): Said => {
  const own = message.senderId === agent.id;
  const images = seesImages ? imagesOf(message) : [];
  const unseen = message.attachments.length - images.length;
  const note = unseen === 0 ? '' : `\n[${unseen} ${unseen === 1 ? 'attachment' : 'attachments'} that you cannot see]`;
  // In a group a model has to be told who speaks.
  const speaker = own || isDm ? '' : `${message.senderName}: `;
  return { role: own ? 'assistant' : 'user', text: `${speaker}${message.text}${note}`, images };
};

const costOf = ({ text, images }: Said): number => text.length + FRAME + images.length * IMAGE;

/** Templates expect the roles to take turns. */
const merged = (all: readonly Said[]): Said[] => {
  const turns: Said[] = [];
  for (const each of all) {
    const last = turns.at(-1);
    if (last?.role === each.role)
      turns[turns.length - 1] = {
        ...last,
        text: `${last.text}\n${each.text}`,
        images: [...last.images, ...each.images],
      };
    else turns.push(each);
  }
  return turns;
};

const systemOf = ({ agent, isDm }: PromptOptions): string => {
  const name = isDm
    ? ''
    : `You are ${agent.name} in a group chat; each message begins with its author's name. Answer as ${agent.name}, without writing your name.`;
  return [agent.systemPrompt.trim(), name].filter((part) => part !== '').join('\n\n');
};

/**
 * The newest messages that fit, at least the last one, of which the end is kept when it alone is too long. `kept` is how many of
 * the messages are in it, `length` the characters of all.
 */
export const promptOf = (options: PromptOptions): { messages: PromptMessage[]; kept: number; length: number } => {
  const system = systemOf(options);
  const head = system === '' ? 0 : system.length + FRAME;
  let room = options.characters - head;
  const turns: Said[] = [];
  const relevant = options.messages.filter((message) => !isFailureNotice(message)).slice(-options.agent.memoryMessages);
  for (const message of relevant.toReversed()) {
    const each = said(message, options);
    if (turns.length === 0 && costOf(each) > room) each.text = each.text.slice(-Math.max(1, room - FRAME));
    else if (costOf(each) > room) break;
    room -= costOf(each);
    turns.unshift(each);
  }
  // A template may refuse a conversation that an answer begins.
  while (turns.length > 1 && turns[0]?.role === 'assistant') turns.shift();
  const messages: PromptMessage[] = merged(turns).map(({ role, text, images }) => ({
    role,
    content:
      images.length === 0
        ? text
        : [{ type: 'text', text }, ...images.map((url): ImagePart => ({ type: 'image_url', image_url: { url } }))],
  }));
  if (system !== '') messages.unshift({ role: 'system', content: system });
  return { messages, kept: turns.length, length: turns.reduce((sum, each) => sum + costOf(each), head) };
};
