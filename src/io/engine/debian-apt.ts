/** Runs apt with a state of its own, so that neither root nor the machine's package state is touched. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { childEnvironment } from './child-environment.ts';
import { lastLines, runProgram } from './run-program.ts';

export interface AptOptions {
  /** Empty folder for apt's lists, caches and configuration. */
  root: string;
  suite: string;
  /** Debian's name of the architecture, e.g. "amd64". */
  architecture: string;
  /** Keyring for the archive's signature; null uses the machine's trusted keys, a path overrides what the machine says. */
  keyring?: string | null;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

export interface Apt {
  run(program: 'apt-get' | 'apt-cache', args: readonly string[], cwd?: string): Promise<string>;
  root: string;
}

const QUESTION_MS = 60_000;
/** Downloads of 25 MB over a slow line; apt itself gives up on a silent server after 30 s. */
const DOWNLOAD_MS = 30 * 60_000;

const KEYRING_FOLDERS = ['/usr/share/keyrings', '/etc/apt/keyrings'];
const KEYRING_NAMES = ['debian-archive-keyring.pgp', 'debian-archive-keyring.gpg'];

/**
 * What must not apply to ours of the machine's configuration: hooks (cache cleaners, catalogue refreshers), because they work
 * on the machine's own state, and the default release, because apt refuses one that our source does not have. `#clear` exists
 * only in files, see apt.conf(5).
 */
const CLEARED = [
  'APT::Default-Release',
  'APT::Update::Pre-Invoke',
  'APT::Update::Post-Invoke',
  'APT::Update::Post-Invoke-Success',
  'DPkg::Pre-Invoke',
  'DPkg::Post-Invoke',
];

/** Prepares the private tree with one source: the machine's own Debian mirror, but with the given suite. */
export const prepareApt = async (options: AptOptions): Promise<Apt> => {
  const { root, env, signal } = options;
  const inside = (...parts: string[]) => join(root, ...parts);
  for (const folder of ['state/lists/partial', 'cache/archives/partial', 'sources', 'preferences']) {
    await mkdir(inside(folder), { recursive: true });
  }
  await writeFile(inside('status'), '');
  await writeFile(inside('apt.conf'), CLEARED.map((name) => `#clear ${name};\n`).join(''));

  const run = async (program: string, args: readonly string[], deadlineMs: number, cwd?: string): Promise<string> => {
    const result = await runProgram(program, args, {
      env: childEnvironment(env),
      deadlineMs,
      signal,
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (result.timedOut) throw new Error(`${program} ${verbOf(args)} was not done within ${deadlineMs / 1000} seconds`);
    if (result.code !== 0) throw new Error(`${program} ${verbOf(args)} failed: ${complaint(result.stderr)}`);
    return result.stdout;
  };

  const mirror = chooseMirror(await run('apt-get', ['indextargets'], QUESTION_MS));
  const keyring = options.keyring === undefined ? (mirror.signedBy ?? (await archiveKeyring())) : options.keyring;
  await writeFile(
    inside('sources', 'engine.sources'),
    [
      'Types: deb',
      `URIs: ${mirror.site}`,
      `Suites: ${options.suite}`,
      'Components: main',
      `Architectures: ${options.architecture}`,
      'Targets: Packages',
      ...(keyring === null ? [] : [`Signed-By: ${keyring}`]),
      '',
    ].join('\n'),
  );

  const settings = Object.entries({
    'Dir::State': inside('state'),
    'Dir::State::status': inside('status'),
    'Dir::Cache': inside('cache'),
    'Dir::Etc::sourcelist': '/dev/null',
    'Dir::Etc::sourceparts': inside('sources'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': inside('preferences'),
    'APT::Architecture': options.architecture,
    'APT::Architectures': options.architecture,
    // As root apt would download as _apt, who cannot write into a private folder.
    'APT::Sandbox::User': 'root',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::Languages': 'none',
    'Acquire::http::Timeout': '30',
    'Acquire::https::Timeout': '30',
    // Without this a failed update of the index ends with exit code 0 and old lists.
    'APT::Update::Error-Mode': 'any',
  }).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  return {
    root,
    run: (program, args, cwd) => run(program, ['-q', '-c', inside('apt.conf'), ...settings, ...args], DOWNLOAD_MS, cwd),
  };
};

const verbOf = (args: readonly string[]): string => args.find((arg) => /^[a-z]+$/.test(arg)) ?? '';

/** apt marks errors with "E:" and warnings that explain them (such as a missing key) with "W:". */
const complaint = (stderr: string): string => {
  const lines = lastLines(stderr, 20);
  const marked = lines.filter((line) => /^[EW]: /.test(line)).map((line) => line.slice(3));
  return (marked.length > 0 ? marked.slice(0, 3) : lines.slice(-1)).join('; ') || 'it gave no reason';
};

/**
 * Reads the stanzas of `apt-get indextargets`; before the first update of a machine they lack what Release files say. Throws
 * where apt knows no archive of Debian itself: another distribution's packages have other names and versions.
 */
export const chooseMirror = (indexTargets: string): { site: string; signedBy: string | null } => {
  const stanzas = indexTargets
    .split(/\n\n+/)
    .map((text) => new Map([...text.matchAll(/^([A-Za-z-]+): (.*)$/gm)].map((line) => [line[1], line[2]])));
  const isArchive = (site: string) => /\/debian\/?$/.test(site);
  const debian =
    stanzas.find((stanza) => stanza.get('Origin') === 'Debian' && isArchive(stanza.get('Site') ?? '')) ??
    stanzas.find((stanza) => isArchive(stanza.get('Site') ?? ''));
  const site = debian?.get('Site');
  if (site === undefined)
    throw new Error('apt on this machine is not set up with an archive of Debian; add one to its sources');
  const signedBy = debian?.get('Signed-By') ?? '';
  return { site, signedBy: signedBy.startsWith('/') ? signedBy : null };
};

/** The keyring of Debian's archive on this machine, or null when its keys are among the generally trusted ones. */
const archiveKeyring = async (): Promise<string | null> => {
  for (const folder of KEYRING_FOLDERS) {
    const names = await readdir(folder).catch(() => [] as string[]);
    const name = KEYRING_NAMES.find((each) => names.includes(each));
    if (name !== undefined) return join(folder, name);
  }
  const trusted = await readdir('/etc/apt/trusted.gpg.d').catch(() => [] as string[]);
  if (trusted.some((name) => name.startsWith('debian-archive-'))) return null;
  throw new Error(
    'this machine has no keyring for Debian’s archive (package debian-archive-keyring), so nothing from it could be verified',
  );
};
