import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { CodedError } from '../../contracts/errors.ts';
import type { McpServerDraft, McpServerView } from '../../contracts/mcp.ts';
import { wholeNumber } from '../arguments.ts';
import { UsageError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import type { Colour } from '../text/colors.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface AddFlags {
  env: Record<string, string>;
  header: Record<string, string>;
  cwd?: string;
  autoStart?: true;
  callTime?: number;
}

const COLOURS: Record<McpServerView['state'], Colour | null> = {
  stopped: null,
  starting: 'yellow',
  ready: 'green',
  stopping: 'yellow',
  backoff: 'yellow',
  failed: 'red',
};

const aboutOf = (server: McpServerView): string =>
  server.failure?.message ?? server.url ?? [server.command ?? '', ...server.args].join(' ');

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { servers } = await client.call('mcp:list', {});
  if (session.asJson) {
    session.json({ servers });
    return;
  }
  if (servers.length === 0) {
    session.print(
      'There are no MCP servers yet; `llamactor mcp-servers add NAME COMMAND` makes one, `import FILE` takes over another assistant’s.\n',
    );
    return;
  }
  const rows = servers.map((server) => [
    server.name,
    server.disabled ? 'switched off' : { text: server.state, colour: COLOURS[server.state] },
    server.tools === null ? '–' : String(server.tools),
    aboutOf(server),
  ]);
  const columns = [
    { title: 'name' },
    { title: 'state' },
    { title: 'tools', align: 'right' as const },
    { title: 'about', flexible: true as const },
  ];
  session.print(table(columns, rows, session.paint, session.width));
};

const draftOf = ([what = '', ...args]: readonly string[], flags: AddFlags): McpServerDraft => {
  const shared = {
    ...(flags.autoStart === undefined ? {} : { autoStart: flags.autoStart }),
    ...(flags.callTime === undefined ? {} : { timeout: flags.callTime }),
  };
  if (/^https?:\/\//.test(what)) {
    if (args.length > 0 || Object.keys(flags.env).length > 0 || flags.cwd !== undefined)
      throw new UsageError('A server at an address takes no arguments, --env or --cwd; give --header.');
    return { url: what, headers: flags.header, ...shared };
  }
  if (Object.keys(flags.header).length > 0) throw new UsageError('--header is for servers at an address; give --env.');
  return { command: what, args, env: flags.env, ...(flags.cwd === undefined ? {} : { cwd: flags.cwd }), ...shared };
};

const add = async (session: Session, name: string, words: readonly string[], flags: AddFlags): Promise<void> => {
  const draft = draftOf(words, flags);
  const client = await session.connect();
  const { server } = await client.call('mcp:save', { name, server: draft });
  if (session.asJson) session.json({ server });
  else
    session.print(
      `Saved the MCP server ${oneLine(server.name)}; \`llamactor mcp-servers start ${oneLine(server.name)}\` tries it.\n`,
    );
};

const remove = async (session: Session, server: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('mcp:remove', { server });
  if (session.asJson) session.json(result);
  else session.print(`Removed the MCP server ${oneLine(server)}.\n`);
};

const importFile = async (session: Session, file: string, replace: boolean): Promise<void> => {
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  const client = await session.connect();
  const result = await client.call('mcp:import', { json, replace });
  if (session.asJson) {
    session.json(result);
    return;
  }
  const named = (what: string, names: readonly string[]): string =>
    names.length === 0 ? '' : `${what}: ${names.map(oneLine).join(', ')}\n`;
  session.print(named('Added', result.added) + named('Changed', result.changed));
  for (const { name, reason } of result.skipped) session.note(`Left out ${oneLine(name)}: ${oneLine(reason)}`);
  if (result.added.length + result.changed.length === 0) session.note('Nothing was changed.');
};

const act = async (session: Session, verb: 'start' | 'stop' | 'restart', server: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call(`mcp:${verb}`, { server });
  if (session.asJson) session.json(result);
  else if (verb === 'stop') session.print(`Stopped the MCP server ${oneLine(server)}.\n`);
  else session.print(`The MCP server ${oneLine(server)} is ready, with ${result.server.tools ?? 0} tools.\n`);
};

const tools = async (session: Session, server: string | undefined): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('mcp:tools', server === undefined ? {} : { server });
  if (session.asJson) {
    session.json(result);
    return;
  }
  if (result.tools.length === 0) {
    session.print('No tools are known; a server tells them when it is started.\n');
    return;
  }
  const rows = result.tools.map((tool) => [
    `${tool.server}/${tool.name}`,
    tool.readOnly ? 'reads only' : tool.destructive === true ? 'may destroy' : '',
    oneLine(tool.description),
  ]);
  session.print(
    table(
      [{ title: 'tool' }, { title: 'it says' }, { title: 'about', flexible: true as const }],
      rows,
      session.paint,
      session.width,
    ),
  );
};

const argumentsOf = (text: string): Record<string, unknown> => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = null;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new UsageError(`The arguments must be a JSON object, for example '{"path": "notes.txt"}'.`);
  return value as Record<string, unknown>;
};

/** The exit code is 1 when the tool says that it failed. */
const call = async (session: Session, ref: string, text: string): Promise<number> => {
  const at = ref.indexOf('/');
  if (at < 1) throw new UsageError(`"${ref}" names no tool; write it as server/tool.`);
  const wish = { server: ref.slice(0, at), tool: ref.slice(at + 1), arguments: argumentsOf(text) };
  const client = await session.connect();
  session.whenInterrupted('The call was given up; the tool may have done its work.');
  const { result } = await client.call('mcp:call', wish);
  if (session.asJson) session.json({ result });
  else session.print(result.text.endsWith('\n') ? result.text : `${result.text}\n`);
  if (result.cut) session.note('It was longer and is cut here.');
  if (!result.isError) return 0;
  session.note(new CodedError('UPSTREAM_FAILED', 'The tool says that it failed.').message);
  return 1;
};

const pair =
  (form: RegExp, like: string) =>
  (text: string, all: Record<string, string>): Record<string, string> => {
    const [, name = '', value = ''] = form.exec(text) ?? [];
    if (name === '') throw new UsageError(`"${text}" must be written like ${like}.`);
    return { ...all, [name]: value };
  };

export const registerMcpServers = (program: Command, host: CliHost): void => {
  const servers = program
    .command('mcp-servers')
    .description('servers of the Model Context Protocol, whose tools agents may use');
  byDefault(servers, () => host.run(list));
  servers
    .command('list')
    .description('the servers by name, with their states')
    .action(() => host.run(list));
  servers
    .command('add')
    .description('add a server, or change the one of that name')
    .argument('<name>', 'what it is called')
    .argument('<command...>', 'its command with arguments (after --), or its http address')
    .option(
      '--env <NAME=value>',
      'a variable of its environment; ${NAME} is one of the server’s own',
      pair(/^([^=]+)=(.*)$/s, 'NAME=value'),
      {},
    )
    .option(
      '--header <Name: value>',
      'a header for a server at an address',
      pair(/^([^:]+):\s*(.*)$/, '"Name: value"'),
      {},
    )
    .option('--cwd <folder>', 'where it runs')
    .option('--auto-start', 'start it with the server')
    .option('--call-time <seconds>', 'how long one call may take', wholeNumber(1, 3600))
    .action((name: string, words: string[], flags: AddFlags) =>
      host.run((session) => add(session, name, words, flags)),
    );
  servers
    .command('remove')
    .description('stop a server and forget it')
    .argument('<name>', 'its name')
    .action((name: string) => host.run((session) => remove(session, name)));
  servers
    .command('import')
    .description('take over the servers of another assistant’s file')
    .argument('<file>', 'JSON with mcpServers')
    .option('--replace', 'change servers that are there already')
    .action((file: string, flags: { replace?: true }) =>
      host.run((session) => importFile(session, file, flags.replace === true)),
    );
  for (const [verb, about] of [
    ['start', 'start a server and wait for its tools'],
    ['stop', 'stop a server'],
    ['restart', 'stop a server and start it anew'],
  ] as const)
    servers
      .command(verb)
      .description(about)
      .argument('<name>', 'its name')
      .action((name: string) => host.run((session) => act(session, verb, name)));
  servers
    .command('tools')
    .description('the tools of all servers, or of one, as they were when it ran last')
    .argument('[name]', 'a server')
    .action((name: string | undefined) => host.run((session) => tools(session, name)));
  servers
    .command('call')
    .description('call a tool, to try it')
    .argument('<server/tool>', 'which one')
    .argument('[arguments]', 'a JSON object', '{}')
    .action((ref: string, text: string) => host.run((session) => call(session, ref, text)));
};
