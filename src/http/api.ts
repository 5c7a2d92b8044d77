/** `/api`: health, the snapshot, and every command of the registry over plain HTTP. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Context } from 'hono';
import { z } from 'zod';
import { COMMANDS, COMMAND_NAMES, failureCode, isCommandName } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import type { CommandName, Scope } from '../contracts/commands.ts';
import type { Access } from '../commands/access.ts';
import { unexpected } from '../commands/errors.ts';
import type { Registry } from '../commands/registry.ts';
import type { Caller, Principal } from '../commands/caller.ts';
import type { Services } from '../commands/services.ts';
import { failureBody, refusalHeaders, statusOf } from './errors.ts';
import { admittedBy } from './guard.ts';
import { createMessagingApi } from './messaging.ts';

const MAX_BODY = 8 * 1024 * 1024;

const refuse = (context: Context, error: CodedError): Response =>
  context.json(failureBody(error), statusOf(error), refusalHeaders(error));

const succeed = (context: Context, data: unknown): Response =>
  context.json({ success: true, data, error: null, timestamp: Date.now() });

const describeCommands = () =>
  COMMAND_NAMES.map((name) => {
    const { payload, scope, summary, socketOnly = false } = COMMANDS[name];
    return {
      name,
      summary,
      scope,
      socketOnly,
      failureCode: failureCode(name),
      payload: z.toJSONSchema(payload, { io: 'input' }),
    };
  });

/** A missing body is an empty payload. Throws INVALID_PAYLOAD for text that is not JSON. */
const bodyOf = async (context: Context): Promise<unknown> => {
  const text = await context.req.text();
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new CodedError('INVALID_PAYLOAD', 'The body is not JSON.');
  }
};

/** Throws UNAUTHORIZED. */
const callerOf = async (context: Context, access: Access): Promise<Caller & { principal: Principal }> => {
  const authorization = context.req.header('authorization');
  const admitted = await admittedBy({ authorization, 'x-api-key': context.req.header('x-api-key') }, access);
  if (admitted instanceof CodedError) throw admitted;
  return { by: 'http', style: 'http', principal: admitted.principal };
};

export const createApi = (services: Services, registry: Registry, access: Access): Hono => {
  const api = new Hono();
  /** For what is read without a command. Throws UNAUTHORIZED or FORBIDDEN. */
  const need = async (context: Context, scope: Scope): Promise<void> => {
    const refusal = access.refusal((await callerOf(context, access)).principal, scope);
    if (refusal !== undefined) throw refusal;
  };
  let described: ReturnType<typeof describeCommands> | null = null;

  api.get('/health', async (context) => {
    const outcome = await registry.execute('system:health', {}, await callerOf(context, access));
    if (!outcome.ok) return refuse(context, outcome.error);
    return context.json(outcome.result, outcome.result.status === 'healthy' ? 200 : 503);
  });

  api.get('/snapshot', async (context) => {
    await need(context, 'observe');
    return context.json(services.snapshot());
  });

  api.get('/commands', async (context) => {
    await callerOf(context, access);
    described ??= describeCommands();
    return context.json({ commands: described });
  });

  const run = async (context: Context, command: CommandName, payload: unknown): Promise<Response> => {
    const outcome = await registry.execute(command, payload, await callerOf(context, access));
    return outcome.ok ? succeed(context, outcome.result) : refuse(context, outcome.error);
  };
  const limited = bodyLimit({
    maxSize: MAX_BODY,
    onError: (context) =>
      refuse(context, new CodedError('INVALID_PAYLOAD', `The body is larger than ${MAX_BODY} bytes.`)),
  });
  api.post('/commands/:event', limited, async (context) => {
    await callerOf(context, access);
    const event = context.req.param('event');
    if (!isCommandName(event)) {
      return refuse(context, new CodedError('NOT_FOUND', `Unknown command: ${event.slice(0, 128)}`));
    }
    return run(context, event, await bodyOf(context));
  });
  api.use('/messaging/*', limited);
  api.route('/messaging', createMessagingApi({ run, bodyOf }));

  api.notFound((context) =>
    refuse(context, new CodedError('NOT_FOUND', `There is no ${context.req.path.slice(0, 200)}.`)),
  );
  api.onError((error, context) =>
    refuse(
      context,
      error instanceof CodedError ? error : unexpected(services, `${context.req.method} ${context.req.path}`, error),
    ),
  );
  return api;
};
