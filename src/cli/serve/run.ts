import { CodedError } from '../../contracts/errors.ts';
import { EXIT, reportOf, UsageError } from '../exit.ts';
import type { CliIo, SignalName } from '../io.ts';
import { resolveDataDir } from '../data-dir.ts';
import type { Place } from '../data-dir.ts';
import { preflight, readStoredConfig } from '../preflight.ts';
import { resolveServeOptions } from '../serve-options.ts';
import type { ServeFlags } from '../serve-options.ts';
import { plural } from '../text/format.ts';
import type { CreateApp, ServedApp } from './app.ts';
import { banner } from './banner.ts';
import { waitForEngine } from './engine-wait.ts';
import { writeEvents } from './event-lines.ts';

/** Beyond the app's own deadlines: only a fault in the stop itself needs it. */
const STOP_SLACK_MS = 30_000;

type Ending = { why: SignalName } | { fatal: unknown };

const sentenceOf = (error: unknown): string => reportOf(error).sentence;

const stopWithin = async (app: ServedApp, reason: string): Promise<void> => {
  const deadlineMs = app.services.config.get().stopTimeout * 1000 + STOP_SLACK_MS;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () =>
        reject(new CodedError('TIMEOUT', `The server did not stop within ${deadlineMs / 1000} s and is ended now.`)),
      deadlineMs,
    );
  });
  try {
    await Promise.race([app.stop(reason), late]);
  } finally {
    clearTimeout(timer);
  }
};

const rescan = async (app: ServedApp, say: (text: string) => void): Promise<void> => {
  try {
    const { found } = await app.services.models.scan({ restoreHidden: true, by: 'server' });
    say(`Searched the models folders again: ${plural(found, 'model')} found.`);
  } catch (error) {
    say(`The models folders could not be searched: ${sentenceOf(error)}`);
  }
};

const compose = async (io: CliIo, flags: ServeFlags, createApp: CreateApp) => {
  const place: Place = { env: io.env, platform: io.platform, homedir: io.homedir, cwd: io.cwd };
  const options = resolveServeOptions(flags, place, await readStoredConfig(resolveDataDir(flags.dataDir, place)));
  await preflight(options);
  try {
    return { options, app: await createApp(options) };
  } catch (error) {
    // Nothing runs yet: what stands in the way (a folder in use, a newer format) is for the person to settle first.
    throw error instanceof CodedError ? new UsageError(error.message) : error;
  }
};

/**
 * `llamactor serve`: checks everything that can be checked, starts, prints three lines and stays until a signal or a fatal fault.
 * Resolves with the exit code: 0 after a graceful stop, 1 after a fault. SIGHUP searches the models folders again; a second
 * SIGTERM or SIGINT ends the process at once. A broken stdout only ends the output.
 */
export const serve = async (io: CliIo, flags: ServeFlags, createApp: CreateApp): Promise<number> => {
  const { options, app } = await compose(io, flags, createApp);
  const say = (text: string): void => io.stderr.write(`${text}\n`);
  const stopping = new AbortController();
  let ending: Ending | null = null;
  let resolveEnded: (how: Ending) => void = () => undefined;
  const ended = new Promise<Ending>((resolve) => {
    resolveEnded = resolve;
  });
  const end = (how: Ending): void => {
    ending ??= how;
    stopping.abort();
    resolveEnded(ending);
  };
  app.onFatal((error) => end({ fatal: error }));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    io.onSignal(signal, () => {
      if (ending !== null) io.exitNow(EXIT.failed);
      end({ why: signal });
    });
  }
  io.onSignal('SIGHUP', () => void rescan(app, say));
  // A terminal that is closed sends SIGHUP as well; what tells it from a wish for a scan is that nobody can be written to.
  if (io.stderr.isTTY) io.stderr.broken.addEventListener('abort', () => end({ why: 'SIGHUP' }));
  if (options.events) writeEvents(app.services, io.stdout);

  let failure: unknown = null;
  try {
    await Promise.race([app.start(), ended]);
    if (!stopping.signal.aborted) await waitForEngine(app.services, io.stderr, stopping.signal);
    if (!stopping.signal.aborted) {
      const lines = banner({
        url: app.url,
        routerUrl: app.routerUrl,
        web: options.web,
        models: app.services.models.list(),
        engine: app.services.engine.view(),
        keysNeeded: options.keysNeeded,
      });
      // With --events stdout belongs to programs.
      const output = options.events ? io.stderr : io.stdout;
      for (const line of lines) output.write(`${line}\n`);
    }
    const how = await ended;
    if ('fatal' in how) failure = how.fatal;
    else say(`Stopping on ${how.why}; once more ends at once.`);
  } catch (error) {
    failure = error;
  }
  if (failure !== null) say(sentenceOf(failure));
  try {
    await stopWithin(app, failure === null ? 'signal' : 'failure');
  } catch (error) {
    say(sentenceOf(error));
    return EXIT.failed;
  }
  return failure === null ? EXIT.ok : EXIT.failed;
};
