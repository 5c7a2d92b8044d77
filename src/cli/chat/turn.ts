import type { Session } from '../session.ts';
import { duration } from '../text/format.ts';
import { createProgress } from '../text/progress.ts';
import { printable } from '../text/sanitize.ts';
import { loadingLabel } from '../watch-model.ts';
import type { ModelView } from '../../contracts/views.ts';
import { streamChat } from './completion.ts';
import type { ChatMessage, ChatResult } from './completion.ts';

export interface ChatSettings {
  baseUrl: string;
  key: string | null;
  model: string;
  maxTokens: number | null;
  temperature: number | null;
  /** No figures after the answer. */
  quiet?: boolean;
}

/** Prints one answer as it arrives: text to stdout, thoughts dimmed and only for a terminal, progress and figures to stderr. */
export interface Turn {
  /** Shows how far the model's load is, until the first token. */
  observe(model: ModelView): void;
  ask(messages: readonly ChatMessage[], signal: AbortSignal): Promise<ChatResult>;
}

const SILENCE_MS = 300_000;

export const summary = (result: ChatResult): string => {
  const parts: string[] = [];
  if (result.completionTokens !== null) parts.push(`${result.completionTokens} tokens`);
  if (result.tokensPerSecond !== null) parts.push(`${result.tokensPerSecond.toFixed(1)} tokens/s`);
  if (result.firstTokenMs !== null) parts.push(`first token after ${duration(result.firstTokenMs)}`);
  if (result.finishReason === 'length') parts.push('cut off at the token limit');
  return parts.join(', ');
};

export const createTurn = (session: Session, settings: ChatSettings): Turn => {
  const progress = createProgress(session.io.stderr);
  let silent = true;
  let asking = false;
  const begin = (): void => {
    if (silent) progress.clear();
    silent = false;
  };
  return {
    observe: (model) => {
      const label = loadingLabel(model);
      if (label !== null && asking && silent && !session.asJson) progress.update(label, model.progress);
    },
    ask: async (messages, signal) => {
      asking = true;
      silent = true;
      const line = { open: false };
      try {
        const result = await streamChat(
          { ...settings, messages, signal, silenceMs: session.timeoutMs ?? SILENCE_MS },
          {
            text: (piece) => {
              begin();
              if (session.asJson) return;
              line.open = true;
              session.print(printable(piece));
            },
            reasoning: (piece) => {
              begin();
              if (session.asJson || !session.io.stdout.isTTY) return;
              line.open = true;
              session.print(session.paint('dim', printable(piece)));
            },
          },
        );
        begin();
        if (!session.asJson) {
          session.print('\n');
          line.open = false;
          if (settings.quiet !== true) session.note(session.paintError('dim', summary(result)));
        }
        return result;
      } finally {
        asking = false;
        begin();
        // A broken answer must not share its line with the error that follows.
        if (line.open) session.print('\n');
      }
    },
  };
};
