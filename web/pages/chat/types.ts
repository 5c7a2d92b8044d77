/** What a conversation is. Stored in this browser only; the server keeps nothing of it. */

export interface AnswerStats {
  promptTokens: number | null;
  tokens: number | null;
  /** As the engine measured it, else as seen from here. */
  tokensPerSecond: number | null;
  /** From sending to the first token, ms; it includes loading the model. */
  firstTokenMs: number | null;
  totalMs: number;
}

/** A text file that goes along with a question. */
export interface TextFile {
  name: string;
  text: string;
}

export interface Sound {
  name: string;
  /** Data URL. */
  url: string;
  format: 'wav' | 'mp3';
}

export interface Attachments {
  /** Pictures as data URLs. */
  images: string[];
  files: TextFile[];
  sounds: Sound[];
}

export const NOTHING_ATTACHED: Attachments = { images: [], files: [], sounds: [] };

export interface ChatMessage extends Attachments {
  id: string;
  role: 'user' | 'assistant';
  content: string;
  /** What the model thought before it answered. */
  reasoning: string;
  at: number;
  /** Id of the model that answered. */
  model: string | null;
  stats: AnswerStats | null;
  /** Why there is no answer, or no whole one. */
  error: string | null;
  stopped: boolean;
}

/** Null leaves a value to the engine. */
export interface Sampling {
  temperature: number | null;
  top_p: number | null;
  top_k: number | null;
  min_p: number | null;
  repeat_penalty: number | null;
  max_tokens: number | null;
  seed: number | null;
}

export const NO_SAMPLING: Sampling = {
  temperature: null,
  top_p: null,
  top_k: null,
  min_p: null,
  repeat_penalty: null,
  max_tokens: null,
  seed: null,
};

export interface Conversation {
  id: string;
  title: string;
  model: string | null;
  system: string;
  sampling: Sampling;
  messages: ChatMessage[];
  createdAt: number;
  updatedAt: number;
}

let last = 0;
/** Unique in this browser; sorts by time. */
export const newId = (): string => {
  last = Math.max(last + 1, Date.now());
  return `${last.toString(36)}${Math.floor(Math.random() * 36 ** 3)
    .toString(36)
    .padStart(3, '0')}`;
};

export const newConversation = (
  model: string | null,
  from?: Pick<Conversation, 'system' | 'sampling'>,
): Conversation => {
  const now = Date.now();
  return {
    id: newId(),
    title: '',
    model,
    system: from?.system ?? '',
    sampling: from?.sampling ?? NO_SAMPLING,
    messages: [],
    createdAt: now,
    updatedAt: now,
  };
};

export const newMessage = (role: ChatMessage['role'], parts: Partial<ChatMessage> = {}): ChatMessage => ({
  id: newId(),
  role,
  content: '',
  reasoning: '',
  ...NOTHING_ATTACHED,
  at: Date.now(),
  model: null,
  stats: null,
  error: null,
  stopped: false,
  ...parts,
});

const LONGEST_TITLE = 60;

/** The first words of the first question. */
export const titleOf = (conversation: Pick<Conversation, 'title' | 'messages'>): string => {
  if (conversation.title !== '') return conversation.title;
  const first = conversation.messages.find((message) => message.role === 'user');
  if (first === undefined) return 'New conversation';
  const line = first.content.trim().split('\n')[0] ?? '';
  if (line === '') {
    if (first.images.length > 0) return 'About an image';
    if (first.sounds.length > 0) return 'About a recording';
    return first.files[0] === undefined ? 'New conversation' : `About ${first.files[0].name}`;
  }
  return line.length <= LONGEST_TITLE ? line : `${line.slice(0, LONGEST_TITLE).trimEnd()}…`;
};
