import type { CommandName, CommandInput, CommandResult } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import type { CheckedKey } from '../contracts/keys.ts';
import type { CallOutcome, FromRouter } from '../contracts/ipc.ts';

interface Waiting {
  settle(outcome: CallOutcome): void;
}

/** Commands of the control plane's registry, for the APIs that steer models as well as use them. */
export class Control {
  readonly #send: (message: FromRouter) => void;
  readonly #waiting = new Map<number, Waiting>();
  #tokens = 0;

  constructor(send: (message: FromRouter) => void) {
    this.#send = send;
  }

  /** Resolves with the command's result; rejects with a CodedError: its refusal, or TIMEOUT after `timeoutMs`. `key`
   * is the client's (`holderOf`): the command is run with its scopes. */
  call<N extends CommandName>(
    command: N,
    payload: CommandInput<N>,
    timeoutMs: number,
    key: CheckedKey | null,
  ): Promise<CommandResult<N>> {
    return this.ask(command, payload, timeoutMs, key) as Promise<CommandResult<N>>;
  }

  /** The same for a command that the control plane may not have; then it is refused with NOT_FOUND and `details.unknownCommand`. */
  ask(command: string, payload: unknown, timeoutMs: number, key: CheckedKey | null): Promise<unknown> {
    const token = ++this.#tokens;
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        this.#waiting.delete(token);
        reject(
          new CodedError(
            'TIMEOUT',
            `${command} was not answered within ${timeoutMs / 1000} s; it may still finish, so look at the state before trying again.`,
          ),
        );
      }, timeoutMs);
      this.#waiting.set(token, {
        settle: (outcome) => {
          clearTimeout(deadline);
          this.#waiting.delete(token);
          if (outcome.ok) resolve(outcome.result);
          else reject(refusalOf(outcome.error));
        },
      });
      this.#send({ type: 'call', token, command, payload, key: key?.id ?? null });
    });
  }

  /** An answer that comes after its deadline finds nobody and is dropped. */
  answered(token: number, outcome: CallOutcome): void {
    this.#waiting.get(token)?.settle(outcome);
  }
}

const refusalOf = ({ code, message, retryAfter, details }: Extract<CallOutcome, { ok: false }>['error']): CodedError =>
  new CodedError(code, message, {
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(details === undefined ? {} : { details: { ...details } }),
  });
