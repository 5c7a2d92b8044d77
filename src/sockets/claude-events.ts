/**
 * Rows S10–S12: runs in the dialect of seed 003. Only users have them. What is refused is answered, and told with `claude:error`
 * to the calling socket alone.
 */
import type { Socket } from 'socket.io';
import type { z } from 'zod';
import { ClaudeExecute, ClaudeProcess } from '../contracts/claude.ts';
import type { ClaudeEvents } from '../contracts/claude.ts';
import { CodedError } from '../contracts/errors.ts';
import type { Scope } from '../contracts/keys.ts';
import type { Access } from '../commands/access.ts';
import type { Principal } from '../commands/caller.ts';
import { ownerOf } from '../commands/owner.ts';
import { refuseHostile } from '../commands/payload.ts';
import type { RunOwner, Services } from '../commands/services.ts';
import { userOf } from '../commands/users.ts';
import { claudeCode, claudeFailure } from '../projections/claude-view.ts';
import type { PlainContext, PlainEvent, PlainEvents } from './plain-events.ts';

const parse = <T extends z.ZodType>(schema: T, argument: unknown): z.output<T> => {
  const hostile = refuseHostile(argument);
  if (hostile !== undefined) throw hostile;
  const parsed = schema.safeParse(argument ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const path = issue?.path.map(String).join('.') ?? '';
  throw new CodedError('INVALID_PAYLOAD', `Invalid ${path === '' ? 'payload' : path}: ${issue?.message ?? 'unknown'}`);
};

/** The seed's own words for what concerns a process. */
const inItsWords = (error: CodedError): CodedError => {
  if (error.code === 'NOT_FOUND') return new CodedError('NOT_FOUND', 'Process not found');
  return error.code === 'FORBIDDEN' ? new CodedError('FORBIDDEN', 'Access denied') : error;
};

const tell = (socket: Socket, error: CodedError, processId: string | null): void => {
  socket.emit('claude:error', {
    ...(processId === null ? {} : { processId }),
    code: claudeCode(error.code),
    message: error.message,
    timestamp: new Date().toISOString(),
  } satisfies ClaudeEvents['claude:error']);
};

/** The runs that an earlier server left, told to the first connection of their user. */
export const tellInterrupted = (socket: Socket, services: Pick<Services, 'runs'>, owner: RunOwner): void => {
  for (const run of services.runs.interrupted(owner)) socket.emit('claude:error', claudeFailure(run, Date.now()));
};

export const claudeEvents = ({ runs }: Pick<Services, 'runs'>, access: Access): PlainEvents => {
  /** Throws UNAUTHORIZED or FORBIDDEN. */
  const ownerFor = (principal: Principal, scope: Scope, what: string): RunOwner => {
    userOf({ principal }, `Authentication required to ${what}`);
    const refusal = access.refusal(principal, scope);
    if (refusal !== undefined) throw refusal;
    return ownerOf(principal);
  };
  /** Answers and tells what is refused; `idIn` finds the process that it is about. */
  const event =
    (
      work: (context: PlainContext, argument: unknown) => object | Promise<object>,
      idIn: (argument: unknown) => string | null = () => null,
    ): PlainEvent =>
    async (context, argument) => {
      try {
        return await work(context, argument);
      } catch (error) {
        if (error instanceof CodedError) tell(context.socket, error, idIn(argument));
        throw error;
      }
    };
  const idOf = (argument: unknown): string | null => ClaudeProcess.safeParse(argument).data ?? null;

  const execute = event(async ({ socket, principal }, argument) => {
    const owner = ownerFor(principal, 'operate', 'execute Claude commands');
    const { workingDirectory: cwd, ...wish } = parse(ClaudeExecute, argument);
    const run = await runs.start({ ...wish, cwd }, owner, `a:${socket.id}`, { limited: true });
    return { processId: run.id };
  });

  const status = event(async ({ principal }, argument) => {
    const owner = ownerFor(principal, 'observe', 'query Claude processes');
    const id = parse(ClaudeProcess, argument);
    try {
      const { state, position } = runs.get(id, owner);
      return { status: state, ...(position === null ? {} : { queuePosition: position }) };
    } catch (error) {
      throw error instanceof CodedError ? inItsWords(error) : error;
    }
  }, idOf);

  const cancel = event(async ({ socket, principal }, argument) => {
    const owner = ownerFor(principal, 'operate', 'cancel Claude processes');
    const id = parse(ClaudeProcess, argument);
    try {
      await runs.cancel(id, owner, `a:${socket.id}`);
    } catch (error) {
      throw error instanceof CodedError ? inItsWords(error) : error;
    }
    return { message: 'Process cancelled successfully' };
  }, idOf);

  return new Map(Object.entries({ 'claude:execute': execute, 'claude:status': status, 'claude:cancel': cancel }));
};
