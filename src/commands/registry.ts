/** The one path of every transport: authorise → parse → run → a typed result or a coded error. */
import { COMMANDS } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import type { CommandName, CommandResult, Scope } from '../contracts/commands.ts';
import { approvals, audit } from './approvals.ts';
import { activity, requests, timeline } from './activity.ts';
import { agents, channels } from './channels.ts';
import { config, settings } from './config.ts';
import { notifications } from './notifications.ts';
import { decisions, placement } from './placement.ts';
import { downloads } from './downloads.ts';
import { engine } from './engine.ts';
import { inspector } from './inspector.ts';
import { imports } from './import.ts';
import { keys } from './keys.ts';
import { live } from './live.ts';
import { llama } from './llama.ts';
import { logs } from './logs.ts';
import { mcp } from './mcp.ts';
import { media } from './media.ts';
import { metrics } from './metrics.ts';
import { models } from './models.ts';
import { presets } from './presets.ts';
import { project } from './project.ts';
import { router } from './router.ts';
import { runs } from './runs.ts';
import { sessions } from './sessions.ts';
import { system } from './system.ts';
import { tokens } from './tokens.ts';
import { parsePayload } from './payload.ts';
import { unexpected } from './errors.ts';
import type { Caller, Handler, Outcome } from './caller.ts';
import type { Services } from './services.ts';

const HANDLERS: { [N in CommandName]: Handler<N> } = {
  ...models,
  ...router,
  ...llama,
  ...presets,
  ...config,
  ...settings,
  ...imports,
  ...logs,
  ...metrics,
  ...live,
  ...activity,
  ...requests,
  ...timeline,
  ...engine,
  ...placement,
  ...decisions,
  ...downloads,
  ...media,
  ...runs,
  ...sessions,
  ...approvals,
  ...audit,
  ...system,
  ...inspector,
  ...keys,
  ...tokens,
  ...project,
  ...channels,
  ...agents,
  ...mcp,
  ...notifications,
};

/** Decides whether a caller may use a scope; returns the refusal, or undefined to let it pass. */
export type Authorise = (caller: Caller, scope: Scope, command: CommandName) => CodedError | undefined;

export interface Registry {
  /**
   * Never throws or rejects. Answers synchronously when the handler does, so that a subscription's snapshot leaves
   * before the first change that follows it.
   */
  execute<N extends CommandName>(
    command: N,
    payload: unknown,
    caller: Caller,
  ): Outcome<CommandResult<N>> | Promise<Outcome<CommandResult<N>>>;
}

/** Everyone who reaches a server that listens on loopback is the person at this machine. */
const allowAll: Authorise = () => undefined;

export const createRegistry = (services: Services, authorise: Authorise = allowAll): Registry => {
  const failed = (command: string, cause: unknown): { ok: false; error: CodedError } => ({
    ok: false,
    error: cause instanceof CodedError ? cause : unexpected(services, command, cause),
  });

  return {
    execute: (command, payload, caller) => {
      try {
        const refusal = authorise(caller, COMMANDS[command].scope, command);
        if (refusal !== undefined) return { ok: false, error: refusal };
        const outcome = HANDLERS[command](services, parsePayload(command, payload), caller);
        if (!(outcome instanceof Promise)) return { ok: true, result: outcome };
        return outcome.then(
          (result) => ({ ok: true, result }),
          (cause: unknown) => failed(command, cause),
        );
      } catch (cause) {
        return failed(command, cause);
      }
    },
  };
};
