/** One Chromium: its command line, its process group, and the certainty that nothing of it is left. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Guardian } from '../guardian.ts';
import { endMarked } from '../processes/marked-processes.ts';
import type { PidRecords } from '../processes/pid-records.ts';
import { isGroupAlive, killGroup } from '../processes/process-group.ts';
import { BrowserProblem } from './browser.ts';
import { openDevTools } from './devtools.ts';
import type { DevTools } from './devtools.ts';
import type { BrowserBinary } from './find-chromium.ts';

export interface ProcessDeps {
  pids: PidRecords;
  guardian: Pick<Guardian, 'mark' | 'add' | 'remove'>;
  /** The server's; of it a browser gets what it needs and no secret. */
  env: NodeJS.ProcessEnv;
  warn(message: string): void;
}

export interface ProcessPlan {
  id: string;
  binary: BrowserBinary;
  profile: string;
  proxyPort: number;
  viewport: { width: number; height: number };
  locale: string;
}

export interface ChromiumProcess {
  devtools: DevTools;
  pid: number;
  /** Resolves at its end, with its last words. */
  ended: Promise<string>;
  /** Resolves when no process of it is left. Never rejects. */
  kill(): Promise<void>;
}

/** Stands in the environment of every process of one browser, with a value of that start. */
const BROWSER_MARK = 'LLAMACTOR_BROWSER';

/** What it is given to leave by itself, so that it cleans up behind it, ms. */
const GRACE_MS = 250;
/** SIGKILL shows at once, unless a process is stuck in the kernel. */
const KILL_PATIENCE_MS = 2_000;
const START_MS = 30_000;
const LAST_WORDS = 4_000;
/** How long they may take to arrive after its end. */
const LAST_WORDS_MS = 200;

const KEPT =
  /^(?:PATH|HOME|USER|LOGNAME|SHELL|TZ|LD_LIBRARY_PATH|SYSTEMROOT|SYSTEMDRIVE|WINDIR|PATHEXT|COMSPEC|APPDATA|LOCALAPPDATA|PROGRAMDATA|PROGRAMFILES.*|USERPROFILE|FONTCONFIG_.*)$/i;

const FEATURES_OFF = [
  'AutofillServerCommunication',
  'CertificateTransparencyComponentUpdater',
  'DialMediaRouteProvider',
  'DnsOverHttps',
  'GlobalMediaControls',
  'InterestFeedContentSuggestions',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'Prerender2',
  'Translate',
  'WebOTP',
];

const argumentsOf = (plan: ProcessPlan): string[] => [
  '--headless',
  '--remote-debugging-pipe',
  `--user-data-dir=${plan.profile}`,
  // The proxy is the only way out: loopback is no exception, no name is resolved here, nothing goes by UDP.
  `--proxy-server=http://127.0.0.1:${plan.proxyPort}`,
  '--proxy-bypass-list=<-loopback>',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--disable-quic',
  '--dns-prefetch-disable',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-client-side-phishing-detection',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--no-pings',
  '--metrics-recording-only',
  '--disable-breakpad',
  '--disable-crash-reporter',
  `--disable-features=${FEATURES_OFF.join(',')}`,
  '--deny-permission-prompts',
  '--disable-notifications',
  '--disable-print-preview',
  '--password-store=basic',
  '--use-mock-keychain',
  '--mute-audio',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-search-engine-choice-screen',
  '--noerrdialogs',
  '--hide-scrollbars',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--font-render-hinting=none',
  `--lang=${plan.locale}`,
  `--window-size=${plan.viewport.width},${plan.viewport.height}`,
  '--no-startup-window',
];

/** A POSIX name of the language, which a container's own is not: the browser would call it "en-US@posix", which Intl refuses. */
const languageEnvironment = (locale: string): Record<string, string> => {
  const name = locale.replace('-', '_');
  return { LC_ALL: `${name}.UTF-8`, LANG: `${name}.UTF-8`, LANGUAGE: name };
};

const start = async (
  deps: ProcessDeps,
  plan: ProcessPlan,
  sandbox: boolean,
  signal: AbortSignal,
): Promise<ChromiumProcess> => {
  const { id, binary, profile } = plan;
  const mark = randomUUID();
  await mkdir(profile, { recursive: true, mode: 0o700 });
  // Short, because sockets lie in it; its own, because a killed browser leaves files.
  const temporary = await mkdtemp(join(tmpdir(), 'lla-'));
  const kept = Object.fromEntries(Object.entries(deps.env).filter(([name]) => KEPT.test(name)));
  const args = [...(sandbox ? [] : ['--no-sandbox']), ...argumentsOf(plan)];
  const child = spawn(binary.executablePath, args, {
    env: {
      ...kept,
      ...binary.env,
      ...languageEnvironment(plan.locale),
      TMPDIR: temporary,
      TEMP: temporary,
      TMP: temporary,
      ...deps.guardian.mark,
      [BROWSER_MARK]: mark,
    },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
    windowsHide: true,
  });
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS);
  });
  let whyNot: Error | null = null;
  const ended = new Promise<string>((resolve) => {
    child.once('exit', () => resolve(words));
    child.once('error', (error) => {
      whyNot = error;
      if (child.pid === undefined) resolve(error.message);
    });
  });
  const heard = new Promise((resolve) => child.once('close', resolve));
  const { pid } = child;
  if (pid === undefined) {
    await ended;
    await rm(temporary, { recursive: true, force: true });
    throw new BrowserProblem('NO_BROWSER', `${binary.executablePath} cannot be started: ${String(whyNot)}.`);
  }
  deps.guardian.add(pid);
  // The record only helps the clean-up of a next start.
  const recorded = deps.pids
    .add({ pid, command: [binary.executablePath, ...args], owner: `session:${id}` })
    .catch(() => undefined);
  const devtools = openDevTools(child.stdio[3] as Writable, child.stdio[4] as Readable);

  let gone: Promise<void> | null = null;
  const end = async (): Promise<void> => {
    const graceful = devtools.send('Browser.close').catch(() => undefined);
    await Promise.race([Promise.all([graceful, ended]), delay(GRACE_MS)]);
    killGroup(pid, 'SIGKILL');
    await ended;
    await endMarked(BROWSER_MARK, mark);
    const patience = performance.now() + KILL_PATIENCE_MS;
    while ((await isGroupAlive(pid)) && performance.now() < patience) {
      killGroup(pid, 'SIGKILL');
      await delay(5);
    }
    deps.guardian.remove(pid);
    await recorded;
    await deps.pids.remove(pid).catch(() => undefined);
    // Whatever is in there is of no use to anybody, and a file that cannot be removed harms nobody.
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
  };
  const kill = (): Promise<void> => (gone ??= end());
  // One that ended by itself may have left helpers.
  void ended.then(kill);

  const started = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void =>
      reject(new BrowserProblem('ABORTED', 'The browser was not started: it is no longer wanted.'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true, signal: started.signal });
  });
  const tooLate = delay(START_MS).then(() => {
    throw new BrowserProblem('NO_BROWSER', `${binary.executablePath} did not start within ${START_MS / 1000} s.`);
  });
  for (const promise of [aborted, tooLate]) promise.catch(() => undefined);
  try {
    await Promise.race([devtools.send('Browser.getVersion'), aborted, tooLate]);
  } catch (error) {
    await kill();
    if (error instanceof BrowserProblem) throw error;
    await Promise.race([heard, delay(LAST_WORDS_MS)]);
    if (sandbox && NO_SANDBOX.test(words)) throw new NoSandbox();
    throw new BrowserProblem('NO_BROWSER', `${binary.executablePath} ended at once: ${lastLine(words)}`);
  } finally {
    started.abort();
  }
  return { devtools, pid, ended, kill };
};

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());

const lastLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '')
    ?.trim() ?? 'it said nothing.';

class NoSandbox extends Error {}

const isRoot = (): boolean => process.platform === 'linux' && process.getuid?.() === 0;

/** Chromium's own words for a system whose kernel or settings withhold what its sandbox is made of. */
const NO_SANDBOX =
  /no usable sandbox|sandbox_host_linux|setuid_sandbox|namespace_sandbox|credentials\.cc|zygote_host_impl/i;

/** In its sandbox where the platform allows, and otherwise with a note in the log, because then less protects this machine. */
export const startChromium = async (
  deps: ProcessDeps,
  plan: ProcessPlan,
  signal: AbortSignal,
): Promise<ChromiumProcess> => {
  if (isRoot()) {
    deps.warn('The browser of a session runs without its sandbox, because this server runs as root; run it as a user.');
    return start(deps, plan, false, signal);
  }
  try {
    return await start(deps, plan, true, signal);
  } catch (error) {
    if (!(error instanceof NoSandbox)) throw error;
    deps.warn(
      'The browser of a session runs without its sandbox: this system does not let programs make user namespaces.',
    );
    return start(deps, plan, false, signal);
  }
};
