/** An answer while it is being written: what there is of it, and the pieces that the channel reads along. */
import type { MessageChunk } from '../../contracts/channels.ts';

export interface AnswerStream {
  readonly text: string;
  readonly thought: string;
  /** What was sent of it already. */
  readonly sent: { text: string; thought: string; pieces: number };
  push(text: string, thought: boolean): void;
  /** Sends what is collected. */
  flush(): void;
}

/** Tokens of this time become one piece: nobody reads faster, and a hundred clients would get each of them. */
const COLLECT_MS = 40;

export const createAnswerStream = (
  { channelId, agentId, messageId }: Pick<MessageChunk, 'channelId' | 'agentId' | 'messageId'>,
  send: (chunk: MessageChunk) => void,
): AnswerStream => {
  const whole = { text: '', thought: '' };
  const sent = { text: '', thought: '', pieces: 0 };
  let waiting = '';
  let waitingThought = false;
  let timer: NodeJS.Timeout | null = null;

  const flush = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting === '') return;
    send({ channelId, messageId, agentId, index: sent.pieces, chunk: waiting, thought: waitingThought });
    sent.pieces += 1;
    sent[waitingThought ? 'thought' : 'text'] += waiting;
    waiting = '';
  };
  return {
    get text() {
      return whole.text;
    },
    get thought() {
      return whole.thought;
    },
    sent,
    push(text, thought) {
      whole[thought ? 'thought' : 'text'] += text;
      if (thought !== waitingThought) flush();
      waitingThought = thought;
      waiting += text;
      timer ??= setTimeout(flush, COLLECT_MS).unref();
    },
    flush,
  };
};
