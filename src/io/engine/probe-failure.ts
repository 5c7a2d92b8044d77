/** Turns "this program does not run" into one sentence that says why and what to do. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { CodedError } from '../../contracts/errors.ts';
import { executableFormat, formatMismatch } from './executable-format.ts';
import type { ExecutableFormat } from './executable-format.ts';
import { lastLines } from './run-program.ts';
import type { RunResult } from './run-program.ts';

const STDERR_LINES = 20;
/** Windows reports a missing DLL as this exit code (STATUS_DLL_NOT_FOUND). */
const DLL_NOT_FOUND = 0xc0000135;

const CHOOSE = 'Choose another llama-server, or leave the path empty so that one is found or installed.';

const refuse = (program: string, why: string, todo: string, details: Record<string, unknown> = {}): CodedError =>
  new CodedError('ENGINE_MISSING', `The engine ${program} does not run: ${why}. ${todo}`, {
    details: { program, ...details },
  });

/** Why a file cannot be executed, before anybody tries; null when nothing speaks against it. */
export const fileProblem = async (file: string): Promise<CodedError | null> => {
  let stats;
  try {
    stats = await stat(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return refuse(file, 'there is no such file', CHOOSE);
    return refuse(
      file,
      `its folder cannot be read (${code ?? String(error)})`,
      'Give this user access to it, or choose another llama-server.',
    );
  }
  if (stats.isDirectory()) return refuse(file, 'it is a folder', 'Name the llama-server file within it.');
  if (!stats.isFile()) return refuse(file, 'it is not a regular file', CHOOSE);
  try {
    await access(file, constants.X_OK);
  } catch {
    return refuse(
      file,
      'it is not executable for this user',
      `Run \`chmod +x\` on it, or choose another llama-server.`,
    );
  }
  return null;
};

/** Explains a spawn error (`ENOENT`, `EACCES`, `ENOEXEC`, …) of `command`, whose llama-server file is `program`. */
export const spawnFailure = async (
  program: string,
  command: string,
  error: NodeJS.ErrnoException,
): Promise<CodedError> => {
  const problem = (await fileProblem(command)) ?? (program === command ? null : await fileProblem(program));
  if (problem) return problem;
  const format = await formatOf(command);
  const mismatch = format && formatMismatch(format, process.platform, process.arch);
  if (mismatch) return refuse(program, mismatch, 'Choose a llama-server that was built for this machine.');
  if (format?.kind === 'script') {
    return refuse(
      program,
      `its interpreter ${format.interpreter} cannot be started`,
      'Install the interpreter or correct the first line of the script.',
    );
  }
  if (format && error.code === 'ENOENT') {
    return refuse(
      program,
      'the dynamic loader it asks for is not on this machine',
      'Choose a llama-server that was built for this system.',
    );
  }
  return refuse(program, `it could not be started (${error.code ?? error.message})`, CHOOSE, { code: error.code });
};

/** Explains an unsuccessful end of `command`, whose llama-server file is `program`. */
export const exitFailure = async (program: string, command: string, result: RunResult): Promise<CodedError> => {
  const mismatch = await foreignFormat(command);
  if (mismatch !== null) return refuse(program, mismatch, 'Choose a llama-server that was built for this machine.');
  const lines = lastLines(result.stderr === '' ? result.stdout : result.stderr, STDERR_LINES);
  const details = { exitCode: result.code, signal: result.signal, stderr: lines };
  const text = lines.join('\n');

  const library =
    /error while loading shared libraries: ([^:\s]+): cannot open/.exec(text)?.[1] ??
    /Library not loaded: (\S+)/.exec(text)?.[1] ??
    /Error loading shared library ([^:\s]+)/.exec(text)?.[1];
  if (library !== undefined) {
    return refuse(
      program,
      `the shared library ${library} is missing`,
      'Install that library, or choose another llama-server.',
      details,
    );
  }
  const symbol = /version [`']([^'`]+)' not found/.exec(text)?.[1];
  if (symbol !== undefined) {
    return refuse(
      program,
      `it needs ${symbol}, which this system is too old for`,
      'Choose a llama-server that was built for this system.',
      details,
    );
  }
  if (result.code === DLL_NOT_FOUND) {
    return refuse(
      program,
      'a DLL it needs is missing',
      'Keep llama-server together with the files of its archive.',
      details,
    );
  }
  if (result.signal === 'SIGILL') {
    return refuse(
      program,
      'it uses instructions that this processor does not have',
      'Choose a build for this processor.',
      details,
    );
  }
  const ending = result.signal === null ? `it ended with exit code ${result.code}` : `it was ended by ${result.signal}`;
  const said = lines.at(-1);
  return refuse(
    program,
    said === undefined ? `${ending} and said nothing` : `${ending} and said "${trimDot(said)}"`,
    CHOOSE,
    details,
  );
};

const formatOf = (file: string): Promise<ExecutableFormat | null> => executableFormat(file).catch(() => null);

/**
 * What execvp(3) cannot execute it hands to the shell, which then complains about the syntax of machine code. Files of unknown
 * format are left out, because a script without a first line runs in just that way.
 */
const foreignFormat = async (command: string): Promise<string | null> => {
  const format = await formatOf(command);
  return format === null || format.kind === 'unknown' ? null : formatMismatch(format, process.platform, process.arch);
};

const trimDot = (line: string): string => line.slice(0, 300).replace(/\.$/, '');
