/** `/api`: health, the snapshot, and every command of the registry over plain HTTP. */
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Context } from 'hono';
import { z } from 'zod';
import { COMMANDS, COMMAND_NAMES, failureCode, isCommandName } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import { unexpected } from '../commands/errors.ts';
import type { Registry } from '../commands/registry.ts';
import type { Caller } from '../commands/caller.ts';
import type { Services } from '../commands/services.ts';
import { failureBody, retryHeaders, statusOf } from './errors.ts';

const MAX_BODY = 8 * 1024 * 1024;
const CALLER: Caller = { by: 'http', style: 'http' };

const refuse = (context: Context, error: CodedError): Response =>
  context.json(failureBody(error), statusOf(error), retryHeaders(error));

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

export const createApi = (services: Services, registry: Registry): Hono => {
  const api = new Hono();
  let described: ReturnType<typeof describeCommands> | null = null;

  api.get('/health', async (context) => {
    const outcome = await registry.execute('system:health', {}, CALLER);
    if (!outcome.ok) return refuse(context, outcome.error);
    return context.json(outcome.result, outcome.result.status === 'healthy' ? 200 : 503);
  });

  api.get('/snapshot', (context) => context.json(services.snapshot()));

  api.get('/commands', (context) => {
    described ??= describeCommands();
    return context.json({ commands: described });
  });

  api.post(
    '/commands/:event',
    bodyLimit({
      maxSize: MAX_BODY,
      onError: (context) =>
        refuse(context, new CodedError('INVALID_PAYLOAD', `The body is larger than ${MAX_BODY} bytes.`)),
    }),
    async (context) => {
      const event = context.req.param('event');
      if (!isCommandName(event)) {
        return refuse(context, new CodedError('NOT_FOUND', `Unknown command: ${event.slice(0, 128)}`));
      }
      const outcome = await registry.execute(event, await bodyOf(context), CALLER);
      return outcome.ok ? succeed(context, outcome.result) : refuse(context, outcome.error);
    },
  );

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
