/**
 * Every command, once: its payload, its result, who may call it and what it does. The registry, the typed client, the CLI
 * and the generated contract table all read this table. Results are written in the envelope dialect (seed 001); the
 * acknowledgement dialect (seed 000) is derived from them.
 */
import type { z } from 'zod';
import { activityCommands } from './commands/activity.ts';
import { approvalsCommands } from './commands/approvals.ts';
import { channelsCommands } from './commands/channels.ts';
import { configCommands } from './commands/config.ts';
import { downloadsCommands } from './commands/downloads.ts';
import { engineCommands } from './commands/engine.ts';
import { inspectorCommands } from './commands/inspector.ts';
import { importCommands } from './commands/import.ts';
import { keysCommands } from './commands/keys.ts';
import { liveCommands } from './commands/live.ts';
import { logsCommands } from './commands/logs.ts';
import { mcpCommands } from './commands/mcp.ts';
import { mediaCommands } from './commands/media.ts';
import { metricsCommands } from './commands/metrics.ts';
import { modelsCommands } from './commands/models.ts';
import { notificationsCommands } from './commands/notifications.ts';
import { placementCommands } from './commands/placement.ts';
import { presetsCommands } from './commands/presets.ts';
import { projectCommands } from './commands/project.ts';
import { routerCommands } from './commands/router.ts';
import { runsCommands } from './commands/runs.ts';
import { sessionsCommands } from './commands/sessions.ts';
import { systemCommands } from './commands/system.ts';
import { tokensCommands } from './commands/tokens.ts';
import type { CommandContract } from './commands/define.ts';

export type { Scope } from './commands/define.ts';
export type { ExplainView } from './commands/placement.ts';
export type { ImportedModel, ImportNote, ImportReport } from './commands/import.ts';
export type { LlamaStatusView, RouterStatusView } from './commands/router.ts';
export type { HealthView, InfoView } from './commands/system.ts';

export const COMMANDS = {
  ...modelsCommands,
  ...routerCommands,
  ...presetsCommands,
  ...configCommands,
  ...importCommands,
  ...logsCommands,
  ...metricsCommands,
  ...liveCommands,
  ...activityCommands,
  ...engineCommands,
  ...placementCommands,
  ...downloadsCommands,
  ...mediaCommands,
  ...runsCommands,
  ...sessionsCommands,
  ...approvalsCommands,
  ...systemCommands,
  ...inspectorCommands,
  ...keysCommands,
  ...tokensCommands,
  ...projectCommands,
  ...channelsCommands,
  ...mcpCommands,
  ...notificationsCommands,
} as const;

export type CommandName = keyof typeof COMMANDS;
export const COMMAND_NAMES = Object.keys(COMMANDS) as CommandName[];
export const isCommandName = (value: string): value is CommandName => Object.hasOwn(COMMANDS, value);

/** What a caller may write (defaults left out). */
export type CommandInput<N extends CommandName> = z.input<(typeof COMMANDS)[N]['payload']>;
/** What a handler receives (parsed, defaults filled). */
export type CommandPayload<N extends CommandName> = z.output<(typeof COMMANDS)[N]['payload']>;
export type CommandResult<N extends CommandName> =
  (typeof COMMANDS)[N] extends CommandContract<z.ZodType, infer R> ? R : never;

/** `models:load` → `LOAD_MODELS_FAILED`, except where seed 001 lists another name. */
const FAILURE_CODES: Partial<Record<CommandName, string>> = {
  'models:get': 'GET_MODEL_FAILED',
  'models:create': 'CREATE_MODEL_FAILED',
  'models:update': 'UPDATE_MODEL_FAILED',
  'models:delete': 'DELETE_MODEL_FAILED',
  'models:start': 'START_MODEL_FAILED',
  'models:stop': 'STOP_MODEL_FAILED',
  'models:preview': 'PREVIEW_MODEL_FAILED',
  'models:effective': 'GET_EFFECTIVE_FAILED',
  'config:effective': 'GET_EFFECTIVE_CONFIG_FAILED',
  'models:load': 'LOAD_MODEL_FAILED',
  'models:unload': 'UNLOAD_MODEL_FAILED',
  'metrics:history': 'GET_METRICS_HISTORY_FAILED',
  'llama:status': 'GET_LLAMA_STATUS_FAILED',
  'llama:rescan': 'RESCAN_FAILED',
  'router:status': 'GET_ROUTER_STATUS_FAILED',
  'router:start-with-preset': 'START_ROUTER_FAILED',
  'runs:start': 'START_RUN_FAILED',
  'runs:get': 'GET_RUN_FAILED',
  'runs:cancel': 'CANCEL_RUN_FAILED',
  'runs:remove': 'REMOVE_RUN_FAILED',
  'sessions:start': 'START_SESSION_FAILED',
  'sessions:get': 'GET_SESSION_FAILED',
  'sessions:transcript': 'GET_TRANSCRIPT_FAILED',
  'sessions:continue': 'CONTINUE_SESSION_FAILED',
  'sessions:pause': 'PAUSE_SESSION_FAILED',
  'sessions:cancel': 'CANCEL_SESSION_FAILED',
  'sessions:update': 'UPDATE_SESSION_FAILED',
  'sessions:remove': 'REMOVE_SESSION_FAILED',
  'keys:create': 'CREATE_KEY_FAILED',
  'keys:revoke': 'REVOKE_KEY_FAILED',
  'tokens:create': 'CREATE_TOKEN_FAILED',
  'notifications:send': 'SEND_NOTIFICATION_FAILED',
  'system:info': 'GET_SYSTEM_INFO_FAILED',
  'system:health': 'HEALTH_CHECK_FAILED',
};

/** The envelope dialect's error code of a command. */
export const failureCode = (command: CommandName): string => {
  const listed = FAILURE_CODES[command];
  if (listed !== undefined) return listed;
  const [domain = '', verb = ''] = command.split(':');
  return `${verb}_${domain}_FAILED`.replaceAll('-', '_').toUpperCase();
};
