import { Option } from 'commander';
import type { Command } from 'commander';
import { CONSENTS } from '../../contracts/agent-tools.ts';
import type { AgentToolRule, Consent } from '../../contracts/agent-tools.ts';
import { ANSWER_RULES } from '../../contracts/channels.ts';
import type { AgentView } from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { LlamactorClient } from '../../client/index.ts';
import { numberBetween, wholeNumber } from '../arguments.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { oneLine } from '../text/sanitize.ts';
import { facts, table } from '../text/table.ts';

interface SetFlags {
  model?: string;
  system?: string;
  description?: string;
  answers?: (typeof ANSWER_RULES)[number];
  temperature?: number;
  maxTokens?: number;
  memory?: number;
  answerTime?: number;
  tool?: AgentToolRule[];
  tools?: false;
  trustReadOnly?: boolean;
}

const ANSWERS: Record<AgentView['answers'], string> = {
  usual: 'in a DM, or when mentioned',
  always: 'always',
  never: 'never',
};

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { agents } = await client.call('agents:list', {});
  if (session.asJson) {
    session.json({ agents });
    return;
  }
  if (agents.length === 0) {
    session.print('There are no agents yet; `llamactor agents set NAME` makes one.\n');
    return;
  }
  const rows = agents.map((agent) => [
    agent.name,
    agent.model ?? 'whichever is loaded',
    ANSWERS[agent.answers],
    agent.description === '' ? oneLine(agent.systemPrompt) : agent.description,
  ]);
  const columns = [
    { title: 'name' },
    { title: 'model' },
    { title: 'answers' },
    { title: 'about', flexible: true as const },
  ];
  session.print(table(columns, rows, session.paint, session.width));
};

const toolWords = ({ tools, trustReadOnly }: AgentView): string => {
  const rules = tools.map(({ tool, consent }) => (consent === undefined ? tool : `${tool}=${consent}`));
  if (rules.length === 0) return 'none';
  return `${rules.join(', ')}${trustReadOnly ? '; those that only read are allowed' : ''}`;
};

const isConsent = (word: string): word is Consent => CONSENTS.some((consent) => consent === word);

/** `files`, `files/read_*` or `files/delete_file=deny`. */
const toolRule = (text: string, all: AgentToolRule[] = []): AgentToolRule[] => {
  const at = text.lastIndexOf('=');
  const word = text.slice(at + 1);
  if (at === -1) return [...all, { tool: text }];
  if (!isConsent(word)) throw new UsageError(`"${word}" is no consent; choose one of ${CONSENTS.join(', ')}.`);
  return [...all, { tool: text.slice(0, at), consent: word }];
};

const show = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const { agent } = await client.call('agents:get', { agentId: ref });
  if (session.asJson) {
    session.json({ agent });
    return;
  }
  const sampling = Object.entries(agent.sampling).map(([name, value]) => `${name} ${value}`);
  session.print(
    facts(
      [
        ['Name', agent.name],
        ['Id', agent.id],
        ['Model', agent.model ?? 'whichever is loaded'],
        ['Answers', ANSWERS[agent.answers]],
        ['Remembers', `${agent.memoryMessages} messages, as far as its model’s context holds them`],
        ['Longest answer', agent.maxTokens === null ? 'as the context allows' : `${agent.maxTokens} tokens`],
        ['Time', `${agent.timeout} s`],
        ['Sampling', sampling.length === 0 ? 'the model’s own' : sampling.join(', ')],
        ['Tools', toolWords(agent)],
        ['About', agent.description],
        ['Instructions', agent.systemPrompt],
      ],
      session.paint,
    ),
  );
};

/** The agent with that name as it is, or null. */
const known = async (client: LlamactorClient, name: string): Promise<AgentView | null> => {
  try {
    return (await client.call('agents:get', { agentId: name })).agent;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'NOT_FOUND') return null;
    throw error;
  }
};

const set = async (session: Session, name: string, flags: SetFlags): Promise<void> => {
  const client = await session.connect();
  const before = await known(client, name);
  const { agent } = await client.call('agents:save', {
    ...(before === null ? {} : { agentId: before.id }),
    agent: {
      name,
      ...before,
      ...(flags.model === undefined ? {} : { model: flags.model === '' ? null : flags.model }),
      ...(flags.system === undefined ? {} : { systemPrompt: flags.system }),
      ...(flags.description === undefined ? {} : { description: flags.description }),
      ...(flags.answers === undefined ? {} : { answers: flags.answers }),
      ...(flags.maxTokens === undefined ? {} : { maxTokens: flags.maxTokens }),
      ...(flags.memory === undefined ? {} : { memoryMessages: flags.memory }),
      ...(flags.answerTime === undefined ? {} : { timeout: flags.answerTime }),
      ...(flags.tool === undefined ? (flags.tools === false ? { tools: [] } : {}) : { tools: flags.tool }),
      ...(flags.trustReadOnly === undefined ? {} : { trustReadOnly: flags.trustReadOnly }),
      ...(flags.temperature === undefined ? {} : { sampling: { ...before?.sampling, temperature: flags.temperature } }),
    },
  });
  if (session.asJson) session.json({ agent });
  else session.print(`${before === null ? 'Made' : 'Changed'} the agent ${oneLine(agent.name)}.\n`);
};

const remove = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('agents:delete', { agentId: ref });
  if (session.asJson) session.json(result);
  else session.print(`Deleted the agent ${oneLine(ref)}; what it said stays in its channels.\n`);
};

export const registerAgents = (program: Command, host: CliHost): void => {
  const agents = program.command('agents').description('the agents that answer in channels');
  byDefault(agents, () => host.run(list));
  agents
    .command('list')
    .description('all agents by name')
    .action(() => host.run(list));
  agents
    .command('show')
    .description('everything about one')
    .argument('<agent>', 'its name or id')
    .action((ref: string) => host.run((session) => show(session, ref)));
  agents
    .command('set')
    .description('make an agent, or change what is named here of the one with that name')
    .argument('<name>', 'as it is called in channels')
    .option('--model <model>', 'id, file name or alias; an empty one is whichever is loaded')
    .option('--system <text>', 'its instructions')
    .option('--description <text>', 'a line about it, for people')
    .addOption(new Option('--answers <when>', 'usual: in a DM, or when it is mentioned').choices([...ANSWER_RULES]))
    .addOption(new Option('--temperature <number>', '0 is the most predictable').argParser(numberBetween(0, 5)))
    .addOption(new Option('--max-tokens <count>', 'longest answer').argParser(wholeNumber(1, 1_000_000)))
    .addOption(new Option('--memory <count>', 'most messages it is given').argParser(wholeNumber(1, 1000)))
    .addOption(new Option('--answer-time <seconds>', 'how long an answer may take').argParser(wholeNumber(1, 86_400)))
    .option(
      '--tool <server/tool=consent>',
      'a tool it may use, instead of those it had; repeat it, `*` is any; ask, allow or deny, ask by default',
      toolRule,
    )
    .option('--no-tools', 'take all tools away')
    .option('--trust-read-only', 'allow tools of which their server says that they only read')
    .option('--no-trust-read-only', 'ask for those too')
    .action((name: string, flags: SetFlags) => host.run((session) => set(session, name, flags)));
  agents
    .command('delete')
    .description('delete an agent; what it said stays')
    .argument('<agent>', 'its name or id')
    .action((ref: string) => host.run((session) => remove(session, ref)));
};
