import { connect, DEFAULT_URL } from '../client/index.ts';
import type { CallOptions, ConnectOptions, LlamactorClient } from '../client/index.ts';
import type { CommandInput, CommandName } from '../contracts/commands.ts';
import { CodedError } from '../contracts/errors.ts';
import { Interrupted, NobodyListens, UsageError } from './exit.ts';
import type { CliIo, Environment } from './io.ts';
import { painter } from './text/colors.ts';
import type { Paint } from './text/colors.ts';

export interface GlobalFlags {
  url?: string;
  key?: string;
  json?: boolean;
  color?: boolean;
  /** Milliseconds. */
  timeout?: number;
}

/** What one command works with while it runs. */
export interface Session {
  readonly io: CliIo;
  readonly url: string;
  /** False when it is only where a server usually listens. */
  readonly urlGiven: boolean;
  /** From --key or LLAMACTOR_KEY; null sends none. */
  readonly key: string | null;
  readonly asJson: boolean;
  /** From --timeout, ms; null leaves each call its own deadline. */
  readonly timeoutMs: number | null;
  readonly paint: Paint;
  readonly paintError: Paint;
  /** Aborted by Ctrl-C, or when nobody reads stdout any more. */
  readonly signal: AbortSignal;
  /** Width for tables; null when the output is no terminal. */
  readonly width: number | null;
  /** Closed by itself when the command ends. */
  connect(): Promise<LlamactorClient>;
  print(text: string): void;
  /** One JSON document. */
  json(value: unknown): void;
  /** One line of JSON lines. */
  jsonLine(value: unknown): void;
  /** A line for the person, on stderr, so that stdout stays clean for programs. */
  note(text: string): void;
  /** What to say if Ctrl-C comes now. */
  whenInterrupted(sentence: string): void;
}

/** --url over LLAMACTOR_URL over PORT on this machine. A host and port without a scheme are taken as http. */
export const serverUrl = (flag: string | undefined, env: Environment): string => {
  const given = flag ?? (env['LLAMACTOR_URL'] === '' ? undefined : env['LLAMACTOR_URL']);
  if (given !== undefined) {
    const text = given.includes('://') ? given : `http://${given}`;
    const parsed = URL.canParse(text) ? new URL(text) : null;
    if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
      throw new UsageError(`"${given}" is no address of a server; write it like ${DEFAULT_URL}.`);
    }
    return parsed.origin;
  }
  const port = env['PORT'];
  return port !== undefined && /^[1-9]\d{0,4}$/.test(port) ? `http://127.0.0.1:${port}` : DEFAULT_URL;
};

/** --key over LLAMACTOR_KEY; an empty one is none. */
export const clientKey = (flag: string | undefined, env: Environment): string | null =>
  (flag ?? env['LLAMACTOR_KEY'] ?? '').trim() || null;

/** A refusal for want of a key says how to give one. */
const connectTo = async (options: ConnectOptions): Promise<LlamactorClient> => {
  try {
    return await connect(options);
  } catch (error) {
    if (!(error instanceof CodedError) || error.code !== 'UNAUTHORIZED' || options.key !== undefined) throw error;
    throw new CodedError(
      'UNAUTHORIZED',
      `The server at ${options.url ?? DEFAULT_URL} needs a key: give one with --key or LLAMACTOR_KEY.`,
    );
  }
};

const withDeadline = (client: LlamactorClient, timeoutMs: number): LlamactorClient => ({
  ...client,
  call: <N extends CommandName>(name: N, input: CommandInput<N>, options: CallOptions = {}) =>
    client.call(name, input, { timeoutMs, ...options }),
});

/**
 * Runs a command with a session that is torn down whatever happens: Ctrl-C and a broken pipe end the wait at once, signals are
 * released and the connection is closed.
 */
export const runSession = async (
  io: CliIo,
  flags: GlobalFlags,
  handler: (session: Session) => Promise<number | void>,
): Promise<number> => {
  const ended = new AbortController();
  const clients: LlamactorClient[] = [];
  const timeoutMs = flags.timeout ?? null;
  let interruptedSentence = '';
  const session: Session = {
    io,
    url: serverUrl(flags.url, io.env),
    urlGiven: (flags.url ?? io.env['LLAMACTOR_URL'] ?? '') !== '',
    key: clientKey(flags.key, io.env),
    asJson: flags.json === true,
    timeoutMs,
    paint: painter(io.stdout, io.env, flags.color !== false),
    paintError: painter(io.stderr, io.env, flags.color !== false),
    signal: ended.signal,
    width: io.stdout.isTTY ? io.stdout.columns : null,
    connect: async () => {
      const client = await connectTo({
        url: session.url,
        ...(session.key === null ? {} : { key: session.key }),
        ...(timeoutMs === null ? {} : { timeoutMs }),
      });
      client.onRefused((error) => ended.abort(error));
      clients.push(client);
      // Ctrl-C may have come while connecting; the teardown below has then run already.
      if (ended.signal.aborted) client.close();
      return timeoutMs === null ? client : withDeadline(client, timeoutMs);
    },
    print: (text) => io.stdout.write(text),
    json: (value) => io.stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    jsonLine: (value) => io.stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => io.stderr.write(`${text}\n`),
    whenInterrupted: (sentence) => {
      interruptedSentence = sentence;
    },
  };
  const releaseSignal = io.onSignal('SIGINT', () => ended.abort(new Interrupted(interruptedSentence)));
  const onBroken = (): void => ended.abort(new NobodyListens());
  io.stdout.broken.addEventListener('abort', onBroken);
  if (io.stdout.broken.aborted) onBroken();
  const abandoned = new Promise<never>((_resolve, reject) => {
    const give = (): void => reject(ended.signal.reason as Error);
    if (ended.signal.aborted) give();
    else ended.signal.addEventListener('abort', give, { once: true });
  });
  try {
    return (await Promise.race([handler(session), abandoned])) ?? 0;
  } finally {
    releaseSignal();
    io.stdout.broken.removeEventListener('abort', onBroken);
    ended.abort(new Interrupted(''));
    for (const client of clients) client.close();
  }
};
