import { Command, Option } from 'commander';
import { parseDuration } from './arguments.ts';
import { registerActivity } from './commands/activity.ts';
import { registerApprove } from './commands/approve.ts';
import { registerAgents } from './commands/agents.ts';
import { registerChat } from './commands/chat.ts';
import { registerCompletions } from './commands/completions.ts';
import { registerConfig } from './commands/config.ts';
import { registerDecisions } from './commands/decisions.ts';
import { registerDoctor } from './commands/doctor.ts';
import { registerDownloads } from './commands/downloads.ts';
import { registerEngine } from './commands/engine.ts';
import { registerExplain } from './commands/explain.ts';
import { registerImport } from './commands/import.ts';
import { registerKey } from './commands/key.ts';
import { registerLoad } from './commands/load.ts';
import { registerLogs } from './commands/logs.ts';
import { registerMedia } from './commands/media.ts';
import { registerMcp } from './commands/mcp.ts';
import { registerMcpServers } from './commands/mcp-servers.ts';
import { registerModels } from './commands/models.ts';
import { registerNotifications } from './commands/notifications.ts';
import { registerPreset } from './commands/preset.ts';
import { registerPrompt } from './commands/prompt.ts';
import { registerPs } from './commands/ps.ts';
import { registerPull } from './commands/pull.ts';
import { registerRequests } from './commands/requests.ts';
import { registerRun } from './commands/run.ts';
import { registerRuns } from './commands/runs.ts';
import { registerSession, registerSessions } from './commands/sessions.ts';
import { registerServe } from './commands/serve.ts';
import { registerStats } from './commands/stats.ts';
import { registerStatus } from './commands/status.ts';
import { registerTimeline } from './commands/timeline.ts';
import { registerToken } from './commands/token.ts';
import type { CliHost, Register } from './host.ts';
import { VERSION } from './version.ts';

const GROUPS: readonly (readonly [heading: string, commands: readonly Register[]])[] = [
  [
    'Server:',
    [registerServe, registerStatus, registerLogs, registerNotifications, registerDoctor, registerMcp, registerApprove],
  ],
  [
    'Models:',
    [
      registerPs,
      registerModels,
      registerPull,
      registerDownloads,
      registerLoad,
      registerExplain,
      registerDecisions,
      registerChat,
      registerAgents,
      registerMcpServers,
    ],
  ],
  ['Agents and media:', [registerRun, registerRuns, registerSession, registerSessions, registerPrompt, registerMedia]],
  ['Requests:', [registerRequests, registerActivity, registerStats, registerTimeline]],
  [
    'Setup:',
    [registerConfig, registerPreset, registerImport, registerEngine, registerKey, registerToken, registerCompletions],
  ],
];

export const EXIT_CODES_HELP = `Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no server answers, 130 stopped by Ctrl-C.`;

export interface ProgramOutput {
  out(text: string): void;
  columns: number;
  colours: boolean;
}

/** The tree of commands. Errors are thrown and never printed here, so that each is one sentence in one place. */
export const buildProgram = (host: CliHost, output: ProgramOutput): Command => {
  const program = new Command('llamactor');
  // Settings first: commands take them over when they are created.
  program
    .exitOverride()
    .configureOutput({
      writeOut: output.out,
      writeErr: () => undefined,
      getOutHelpWidth: () => output.columns,
      getErrHelpWidth: () => output.columns,
      getOutHasColors: () => output.colours,
    })
    .configureHelp({ showGlobalOptions: false })
    .description('Supervises local AI on one machine: every llama-server is an actor you can watch and steer.')
    .version(VERSION, '-V, --version', 'print the version')
    .option(
      '--url <url>',
      'server to talk to (LLAMACTOR_URL; default is PORT on this machine, else http://127.0.0.1:3000)',
    )
    .option('--key <key>', 'key of that server (better: LLAMACTOR_KEY, which other users of this machine do not see)')
    .option('--json', 'print one JSON document, or JSON lines where output has no end')
    .option('--no-color', 'no colours (also NO_COLOR)')
    .addOption(
      new Option('--timeout <time>', 'how long to wait for an answer: seconds, or 500ms, 30s, 5m').argParser(
        parseDuration,
      ),
    )
    .addHelpText('after', `\n\`llamactor <command> --help\` explains a command.\n${EXIT_CODES_HELP}`);
  for (const [heading, commands] of GROUPS) {
    program.commandsGroup(heading);
    for (const register of commands) register(program, host);
  }
  program.addHelpCommand(
    new Command('help')
      .argument('[command]')
      .description('explain a command')
      .helpGroup(GROUPS.at(-1)?.[0] ?? ''),
  );
  return program;
};
