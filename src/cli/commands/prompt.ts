import { writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { z } from 'zod';
import { answeringModel, NO_MODEL } from '../../contracts/answering-model.ts';
import { CodedError } from '../../contracts/errors.ts';
import { numberBetween, wholeNumber } from '../arguments.ts';
import type { ChatMessage, ChatResult } from '../chat/completion.ts';
import { createTurn } from '../chat/turn.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import { readStdin } from '../read-input.ts';
import type { Session } from '../session.ts';
import { inferenceUrl } from './chat.ts';

interface Flags {
  model?: string;
  system?: string;
  maxTokens?: number;
  temperature?: number;
  messages?: boolean;
  api?: string;
}

const Messages = z.array(z.object({ role: z.enum(['system', 'user', 'assistant']), content: z.string() })).min(1);

const messagesOf = async (session: Session, words: readonly string[], flags: Flags): Promise<ChatMessage[]> => {
  if (flags.messages === true) {
    if (words.length > 0) throw new UsageError('--messages reads them from stdin; leave the prompt out.');
    const text = await readStdin(session.io, 'messages');
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      throw new UsageError('What came on stdin is no JSON; --messages wants [{"role": "user", "content": "…"}].');
    }
    const parsed = Messages.safeParse(json);
    if (!parsed.success) throw new UsageError('--messages wants [{"role": "user", "content": "…"}] on stdin.');
    return parsed.data;
  }
  const prompt = (words.length > 0 ? words.join(' ') : await readStdin(session.io, 'a prompt')).trim();
  if (prompt === '') throw new UsageError('The prompt is empty; give one, or pipe it in.');
  const system: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
  return [...system, { role: 'user', content: prompt }];
};

const placeOf = async (session: Session, flags: Flags): Promise<{ baseUrl: string; model: string }> => {
  if (flags.api !== undefined) {
    if (flags.model === undefined) throw new UsageError('--api needs --model too.');
    return { baseUrl: flags.api, model: flags.model };
  }
  const client = await session.connect();
  const { router } = await client.call('router:status', {});
  const model =
    flags.model === undefined
      ? answeringModel((await client.call('models:list', {})).models)
      : (await client.call('models:get', { modelId: flags.model })).model;
  if (model === undefined) throw new CodedError('NOT_FOUND', NO_MODEL);
  return { baseUrl: inferenceUrl(router, client.url), model: model.id };
};

/** For whoever started this as a run: what it used, where the figures of the answer cannot stand. */
const report = (path: string, model: string, result: ChatResult): Promise<void> =>
  writeFile(
    path,
    JSON.stringify({
      model,
      stop_reason: result.finishReason ?? undefined,
      usage: { input_tokens: result.promptTokens ?? 0, output_tokens: result.completionTokens ?? 0 },
    }),
  );

const prompt = async (session: Session, words: readonly string[], flags: Flags): Promise<void> => {
  const messages = await messagesOf(session, words, flags);
  const { baseUrl, model } = await placeOf(session, flags);
  const reportTo = session.io.env['LLAMACTOR_RUN_REPORT'];
  const turn = createTurn(session, {
    baseUrl,
    key: session.key,
    model,
    maxTokens: flags.maxTokens ?? null,
    temperature: flags.temperature ?? null,
    quiet: reportTo !== undefined,
  });
  const result = await turn.ask(messages, session.signal);
  if (reportTo !== undefined) await report(reportTo, model, result);
  if (session.asJson) session.json({ model, ...result });
};

export const registerPrompt = (program: Command, host: CliHost): void => {
  program
    .command('prompt')
    .description('ask any local model once; without --model a loaded one answers, else the smallest')
    .argument('[prompt...]', 'what to ask; without it stdin is read')
    .option('-m, --model <model>', 'id, file name or alias; it is loaded when needed')
    .option('-s, --system <text>', 'system message')
    .addOption(new Option('--max-tokens <count>', 'longest answer').argParser(wholeNumber(1, 10_000_000)))
    .addOption(new Option('--temperature <number>', '0 is the most predictable').argParser(numberBetween(0, 5)))
    .option('--messages', 'read a whole conversation from stdin, as JSON: [{"role": "user", "content": "…"}]')
    .option('--api <url>', 'ask this OpenAI-compatible server and no other')
    .action((words: string[], flags: Flags) => host.run((session) => prompt(session, words, flags)));
};
