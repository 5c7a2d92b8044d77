/** What a media tool's machine drives: its process, and the taking over of its file. */
import { stat } from 'node:fs/promises';
import { fromPromise } from 'xstate';
import { mediaMachine } from '../../../machines/media.machine.ts';
import type { MediaResult } from '../../../machines/media.machine.ts';
import type { Guardian } from '../../io/guardian.ts';
import { childEnvironment } from '../../io/engine/child-environment.ts';
import { toolArguments } from '../../io/media/arguments.ts';
import type { ToolValues } from '../../io/media/arguments.ts';
import type { MediaFolder } from '../../io/media/media-folder.ts';
import { drawThumbnail, measure } from '../../io/media/picture.ts';
import type { PictureOptions } from '../../io/media/picture.ts';
import { sniffFile } from '../../io/media/sniff.ts';
import type { PidRecords } from '../../io/processes/pid-records.ts';
import { runProcess } from '../../io/runs/run-process.ts';
import type { RunSpec, RunStream } from '../../io/runs/run-process.ts';
import type { ReadyTool } from './toolbox.ts';

/** What one is made of. */
export interface MediaWish {
  tool: ReadyTool;
  prompt: string | null;
  /** The file of its input. */
  input: string | null;
  params: ToolValues;
}

export interface MediaPortsOptions {
  folder: MediaFolder;
  env: NodeJS.ProcessEnv;
  pids: PidRecords;
  guardian: Guardian;
  wish(id: string): MediaWish;
  output(id: string, stream: RunStream, text: string): void;
  now(): number;
}

const OUTPUT = 'output';

/** The ending of the file that a tool is to write. */
const endingOf = ({ tool: { tool }, params }: MediaWish): string =>
  tool.output.startsWith('{') ? String(params[tool.output.slice(1, -1)]) : tool.output;

/** The command line of one wish. Throws INVALID_PAYLOAD for what would become an option of the tool. */
export const commandLine = (wish: MediaWish, work: string): { args: string[]; output: string } => {
  const { tool, params, prompt, input } = wish;
  const output = `${work}/${OUTPUT}.${endingOf(wish)}`;
  const free = new Set(['prompt']);
  const values: Record<string, ToolValues[string]> = { output, stem: `${work}/${OUTPUT}` };
  for (const [name, value] of Object.entries(params)) {
    const kind = tool.tool.params.find((param) => param.name === name)?.type;
    if (kind === 'text') free.add(name);
    values[name] = kind === 'file' ? (tool.fileOf(name, String(value)) ?? String(value)) : value;
  }
  if (prompt !== null) values['prompt'] = prompt;
  if (input !== null) values['input'] = input;
  return { args: toolArguments(tool.tool.args, values, free), output };
};

const noOutput = (message: string): Error => Object.assign(new Error(message), { name: 'NoOutput' });

/** Looks at a file, moves it to its place in the folder of `id`, and draws its thumbnail. */
export const takeOver = async (
  folder: MediaFolder,
  id: string,
  file: string,
  options: PictureOptions,
): Promise<MediaResult> => {
  const { mime, extension } = await sniffFile(file);
  await folder.keep(id, file, extension);
  const kept = folder.fileOf(id, extension);
  const { size: bytes } = await stat(kept);
  const measured = await measure(kept, mime, options);
  const about = { mime, seconds: measured.seconds };
  const thumbnail = await drawThumbnail(kept, folder.thumbnailOf(id), about, options);
  return { mime, extension, bytes, thumbnail, ...measured };
};

export const mediaPorts = (options: MediaPortsOptions) => {
  const { folder, env, guardian } = options;
  const outputs = new Map<string, string>();
  const busy = new Map<string, Promise<unknown>>();

  const spec = async (id: string): Promise<RunSpec> => {
    const work = await folder.begin(id);
    const wish = options.wish(id);
    const { args, output } = commandLine(wish, work);
    outputs.set(id, output);
    return { command: wish.tool.command, args, cwd: work, env: childEnvironment(env), input: '' };
  };
  const watch = (pid: number): (() => void) => {
    guardian.add(pid);
    return () => guardian.remove(pid);
  };
  const take = async (id: string, signal: AbortSignal): Promise<MediaResult> => {
    const file = await folder.written(id, outputs.get(id) ?? '');
    if (file === null)
      throw noOutput('The tool ended as if all were well, but wrote no file; its last lines may say why.');
    return takeOver(folder, id, file, { env, signal, watch });
  };

  return {
    machine: mediaMachine.provide({
      actors: {
        runProcess: runProcess({ ...options, spec }),
        takeOutput: fromPromise<MediaResult, { id: string }>(({ input: { id }, signal }) => {
          const work = take(id, signal).finally(() => busy.delete(id));
          busy.set(
            id,
            work.catch(() => undefined),
          );
          return work;
        }),
      },
    }),
    /** Draws and measures for whoever has a file already, as an upload. */
    takeOver: (id: string, file: string, signal: AbortSignal) => takeOver(folder, id, file, { env, signal, watch }),
    /** Resolves when nothing works on its files any more. */
    async idle(id: string): Promise<void> {
      await busy.get(id);
      outputs.delete(id);
    },
  };
};
