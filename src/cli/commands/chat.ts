import { Option } from 'commander';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { RouterView } from '../../contracts/views.ts';
import { numberBetween, wholeNumber } from '../arguments.ts';
import type { ChatMessage } from '../chat/completion.ts';
import { talkInChannel } from '../chat/channel.ts';
import { converse } from '../chat/interactive.ts';
import { createTurn } from '../chat/turn.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import { readStdin } from '../read-input.ts';
import type { Session } from '../session.ts';
import { watchModel } from '../watch-model.ts';

interface Flags {
  channel?: string;
  as: string;
  system?: string;
  maxTokens?: number;
  temperature?: number;
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/;

/**
 * Where to send the chat: the router's own address, or, when that is loopback seen from another machine, the control plane, which
 * passes `/v1` through.
 */
export const inferenceUrl = (router: RouterView, controlUrl: string): string => {
  if (router.url === null || !router.running) {
    throw new CodedError(
      'INVALID_STATE',
      `The router is ${router.state}, so nothing can be asked; start it with \`llamactor preset use ${router.preset}\`.`,
    );
  }
  const own = new URL(router.url);
  const control = new URL(controlUrl);
  return LOOPBACK.test(own.hostname) && !LOOPBACK.test(control.hostname) ? control.origin : own.origin;
};

const open = async (session: Session, client: LlamactorClient, ref: string, flags: Flags) => {
  const [{ model }, { router }] = await Promise.all([
    client.call('models:get', { modelId: ref }),
    client.call('router:status', {}),
  ]);
  const turn = createTurn(session, {
    baseUrl: inferenceUrl(router, client.url),
    key: session.key,
    model: model.id,
    maxTokens: flags.maxTokens ?? null,
    temperature: flags.temperature ?? null,
  });
  await watchModel(client, model.id, turn.observe);
  return { model, turn };
};

const chat = async (session: Session, ref: string, words: readonly string[], flags: Flags): Promise<void> => {
  const system: ChatMessage[] = flags.system === undefined ? [] : [{ role: 'system', content: flags.system }];
  const interactive = words.length === 0 && session.io.stdin.isTTY === true;
  if (interactive && session.asJson) throw new UsageError('--json needs a message; give one, or pipe it in.');
  const given = words.length > 0 || interactive ? words.join(' ') : await readStdin(session.io, 'a message');
  const message = given.trim();
  if (!interactive && message === '') throw new UsageError('The message is empty; give one, or pipe it in.');
  const client = await session.connect();
  const { model, turn } = await open(session, client, ref, flags);
  if (interactive) {
    await converse(session, turn, system);
    return;
  }
  const result = await turn.ask([...system, { role: 'user', content: message }], session.signal);
  if (session.asJson) session.json({ model: model.id, ...result });
};

export const registerChat = (program: Command, host: CliHost): void => {
  program
    .command('chat')
    .description(
      'ask a model; without a message hold a conversation, or read the message from a pipe; with --channel talk in a channel',
    )
    .argument('[model]', 'id, file name or alias; it is loaded when needed')
    .argument('[message...]', 'what to ask')
    .option('-s, --system <text>', 'system message')
    .addOption(new Option('--max-tokens <count>', 'longest answer').argParser(wholeNumber(1, 1_000_000)))
    .addOption(new Option('--temperature <number>', '0 is the most predictable').argParser(numberBetween(0, 5)))
    .option('--channel <channel>', 'talk in this channel, by its name or id, or with this agent')
    .option('--as <name>', 'who speaks in the channel', 'you')
    .action((model: string | undefined, words: string[], flags: Flags) =>
      host.run(async (session) => {
        const { channel, as } = flags;
        // With a channel there is no model to name, so every word belongs to the message.
        if (channel !== undefined)
          await talkInChannel(session, [...(model === undefined ? [] : [model]), ...words], { channel, as });
        else if (model !== undefined) await chat(session, model, words, flags);
        else throw new UsageError('Name a model to talk to, or a channel with --channel.');
      }),
    );
};
