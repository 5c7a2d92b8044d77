/** What a model called during a turn and what it was told, as messages that fit beside the conversation. Pure. */
import type { ToolCall } from '../../io/agents/tool-calls.ts';
import type { ToolOffer } from './tool-use.ts';

export interface ToolRound {
  /** What the model said before it called. */
  text: string;
  calls: { call: ToolCall; result: string }[];
}

interface CallMessage {
  role: 'assistant';
  content: string;
  tool_calls: { id: string; type: 'function'; function: { name: string; arguments: string } }[];
}
interface ResultMessage {
  role: 'tool';
  tool_call_id: string;
  content: string;
}
export type ToolMessage = CallMessage | ResultMessage;

/** What each message costs besides its words, in characters. */
const FRAME = 24;
/** A result is not cut below this: less says nothing. */
const SHORTEST = 200;
const CUT = '\n[cut here: it was longer]';

const lengthOf = (messages: readonly ToolMessage[]): number =>
  messages.reduce((sum, message) => {
    const calls = 'tool_calls' in message ? JSON.stringify(message.tool_calls).length : 0;
    return sum + message.content.length + calls + FRAME;
  }, 0);

/** A model whose arguments are no JSON is shown an empty object: templates read what they are given. */
const wellFormed = (text: string): string => {
  try {
    return typeof JSON.parse(text) === 'object' ? text : '{}';
  } catch {
    return '{}';
  }
};

const messagesOf = (rounds: readonly ToolRound[], most: number): ToolMessage[] =>
  rounds.flatMap(({ text, calls }, round) => [
    {
      role: 'assistant' as const,
      content: text,
      tool_calls: calls.map(({ call }, index) => ({
        // Ids of different rounds may be alike.
        id: `${round}_${index}_${call.id}`,
        type: 'function' as const,
        function: { name: call.name, arguments: wellFormed(call.arguments) },
      })),
    },
    ...calls.map(({ call, result }, index) => ({
      role: 'tool' as const,
      tool_call_id: `${round}_${index}_${call.id}`,
      content: result.length > most ? `${result.slice(0, most)}${CUT}` : result,
    })),
  ]);

/** The longest results are cut first, all to the same length, until everything fits `room` characters, as far as that is possible. */
export const roundMessages = (
  rounds: readonly ToolRound[],
  room: number,
): { messages: ToolMessage[]; length: number } => {
  let most = Math.max(SHORTEST, ...rounds.flatMap(({ calls }) => calls.map(({ result }) => result.length)));
  for (;;) {
    const messages = messagesOf(rounds, most);
    const length = lengthOf(messages);
    if (length <= room || most === SHORTEST) return { messages, length };
    most = Math.max(SHORTEST, Math.floor(most / 2));
  }
};

/** As many offers as fit `room` characters, in their order. */
export const fittingOffers = (offers: readonly ToolOffer[], room: number): { offers: ToolOffer[]; length: number } => {
  const taken: ToolOffer[] = [];
  let length = 0;
  for (const offer of offers) {
    const own = JSON.stringify(offer).length;
    if (length + own > room) break;
    taken.push(offer);
    length += own;
  }
  return { offers: taken, length };
};
