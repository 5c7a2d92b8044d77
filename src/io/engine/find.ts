/** Finds the llama-server to use. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import { CodedError } from '../../contracts/errors.ts';
import { installedEngine, probeCacheFile } from './installed.ts';
import { probeEngine } from './probe.ts';
import type { EngineInfo } from './types.ts';

export interface FindOptions {
  /** Path, or bare command name, from the configuration; empty or null when nothing is configured. */
  configuredPath?: string | null;
  dataDir: string;
  env?: NodeJS.ProcessEnv;
  signal?: AbortSignal;
  /** Told about an engine that was passed over because it does not run, for the log. */
  onSkipped?: (problem: CodedError) => void;
}

/**
 * The first of: the configured path, `llama-server` on PATH, the one installed in the data folder. Null when there is none.
 *
 * What a person configured is never replaced silently: when it does not run, this rejects with the CodedError that says why.
 * A found engine that does not run is reported to `onSkipped` and the next one is tried.
 */
export const findEngine = async (options: FindOptions): Promise<EngineInfo | null> => {
  const env = options.env ?? process.env;
  const asked = {
    env,
    cacheFile: probeCacheFile(options.dataDir),
    ...(options.signal ? { signal: options.signal } : {}),
  };

  const configured = options.configuredPath?.trim() ?? '';
  if (configured !== '')
    return probeEngine(await resolveConfigured(configured, env), [], { ...asked, source: 'configured' });

  for (const path of await onPath('llama-server', env)) {
    const engine = await orSkip(probeEngine(path, [], { ...asked, source: 'path' }), options.onSkipped);
    if (engine) return engine;
  }
  return orSkip(installedEngine(options.dataDir, asked), options.onSkipped);
};

const orSkip = async (
  probe: Promise<EngineInfo | null>,
  onSkipped: FindOptions['onSkipped'],
): Promise<EngineInfo | null> => {
  try {
    return await probe;
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    onSkipped?.(error);
    return null;
  }
};

/** `~` is the home folder, a bare name is looked for on PATH, everything else is a path from the working folder. */
const resolveConfigured = async (configured: string, env: NodeJS.ProcessEnv): Promise<string> => {
  const home = env['HOME'] ?? env['USERPROFILE'];
  if (home !== undefined && /^~[/\\]/.test(configured)) return join(home, configured.slice(2));
  if (!/[/\\]/.test(configured)) {
    const [first] = await onPath(configured, env);
    if (first !== undefined) return first;
  }
  return resolve(configured);
};

/** Executable files of that name, in the order of PATH. Relative entries are ignored: they depend on the working folder. */
const onPath = async (name: string, env: NodeJS.ProcessEnv): Promise<string[]> => {
  const names = process.platform === 'win32' && !/\.exe$/i.test(name) ? [`${name}.exe`] : [name];
  const path = env['PATH'] ?? env['Path'] ?? '';
  const found: string[] = [];
  for (const folder of path.split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    for (const candidate of names.map((each) => join(folder, each))) {
      if (await isExecutable(candidate)) found.push(candidate);
    }
  }
  return found;
};

const isExecutable = async (file: string): Promise<boolean> => {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
};
