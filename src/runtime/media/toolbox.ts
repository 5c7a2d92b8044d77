/** The tools: built-in ones, those that people added, and whether this machine has their programs. */
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { By } from '../../commands/services.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { MediaParam, MediaTool } from '../../contracts/media-tool.ts';
import type { MediaParamView, MediaToolView } from '../../contracts/media.ts';
import type { MediaToolsDocument } from '../../contracts/media-record.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import { builtInTools } from '../../io/media/built-in.ts';
import { findCommand } from '../../io/media/find-command.ts';
import type { Document } from '../../io/store/document.ts';

/** A tool that can be run now. */
export interface ReadyTool {
  tool: MediaTool;
  /** Its program, an absolute path. */
  command: string;
  view: MediaToolView;
  /** The file that a parameter of the kind `file` names. */
  fileOf(param: string, name: string): string | null;
}

export interface Toolbox {
  views(): Promise<MediaToolView[]>;
  /** Throws NOT_FOUND, or INVALID_STATE when its program is missing. */
  need(name: string): Promise<ReadyTool>;
  save(tool: MediaTool, by: By): Promise<MediaToolView>;
  remove(name: string, by: By): Promise<void>;
  close(): Promise<void>;
}

type FileParam = Extract<MediaParam, { type: 'file' }>;

const MOST_FILES = 1000;
const DEPTH = 4;

const filesIn = async (folder: string, endings: readonly string[], depth = DEPTH): Promise<string[]> => {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.') || found.length >= MOST_FILES) continue;
    const file = path.join(folder, entry.name);
    if (entry.isDirectory() && depth > 1) found.push(...(await filesIn(file, endings, depth - 1)));
    else if (endings.some((ending) => entry.name.toLowerCase().endsWith(`.${ending}`))) found.push(file);
  }
  return found;
};

export const createToolbox = (options: {
  store: Document<MediaToolsDocument>;
  env: NodeJS.ProcessEnv;
  /** What `models` stands for. */
  modelFolders(): string[];
  onChange(tools: MediaToolView[], by: By): void;
}): Toolbox => {
  const { store, env } = options;
  const builtIn = builtInTools();
  const all = (): MediaTool[] => {
    const own = store.get().tools;
    return [...builtIn.filter(({ name }) => own.every((each) => each.name !== name)), ...own];
  };

  /** Files by the name that a wish gives; where two folders have the same, the first counts. */
  const choices = async (param: FileParam): Promise<Map<string, string>> => {
    const folders = param.folder === 'models' ? options.modelFolders() : [param.folder];
    const named = new Map<string, string>();
    for (const folder of folders)
      for (const file of await filesIn(folder, param.endings)) {
        const name = path.relative(folder, file).split(path.sep).join('/');
        if (!named.has(name)) named.set(name, file);
      }
    return named;
  };

  const look = async (tool: MediaTool): Promise<Omit<ReadyTool, 'command'> & { command: string | null }> => {
    const command = await findCommand(tool.commands, env);
    const files = new Map<string, Map<string, string>>();
    const params: MediaParamView[] = [];
    for (const param of tool.params) {
      if (param.type !== 'file') {
        params.push(param);
        continue;
      }
      const named = await choices(param);
      files.set(param.name, named);
      params.push({ ...param, files: [...named.keys()] });
    }
    const needed = params.find((param) => param.type === 'file' && param.required && (param.files ?? []).length === 0);
    const problem =
      command === null
        ? `There is no ${tool.commands.join(' or ')} on this machine's PATH; install it, or save the tool with its path.`
        : needed?.type === 'file'
          ? `There is no ${needed.endings.map((ending) => `.${ending}`).join(' or ')} file in ${needed.folder === 'models' ? 'the models folders' : needed.folder}, which it needs.`
          : null;
    const { name, title, description, prompt, input, accepts } = tool;
    return {
      tool,
      command,
      view: {
        name,
        title,
        description,
        builtIn: builtIn.includes(tool),
        available: problem === null,
        problem,
        prompt,
        input,
        accepts,
        params,
      },
      fileOf: (param, value) => files.get(param)?.get(value) ?? null,
    };
  };
  const views = async (): Promise<MediaToolView[]> => Promise.all(all().map(async (tool) => (await look(tool)).view));

  return {
    views,
    async need(name) {
      const tool = all().find((each) => each.name === name);
      if (tool === undefined) {
        const names = all().map((each) => each.name);
        const close = nearestNames(name, names, 3);
        throw new CodedError(
          'NOT_FOUND',
          `There is no media tool "${name}"; ${close.length === 0 ? `there are ${names.join(', ')}` : `nearest: ${close.join(', ')}`}.`,
        );
      }
      const { command, ...ready } = await look(tool);
      if (command === null || ready.view.problem !== null)
        throw new CodedError('INVALID_STATE', ready.view.problem ?? 'Its program is missing.');
      return { ...ready, command };
    },
    async save(tool, by) {
      await store.update((draft) => {
        draft.tools = [...draft.tools.filter(({ name }) => name !== tool.name), tool];
      });
      options.onChange(await views(), by);
      return (await look(tool)).view;
    },
    async remove(name, by) {
      if (store.get().tools.every((tool) => tool.name !== name)) {
        const given = builtIn.some((tool) => tool.name === name);
        throw given
          ? new CodedError('INVALID_STATE', `The tool "${name}" comes with Llamactor and cannot be deleted.`)
          : new CodedError('NOT_FOUND', `No tool "${name}" was added.`);
      }
      await store.update((draft) => {
        draft.tools = draft.tools.filter((tool) => tool.name !== name);
      });
      options.onChange(await views(), by);
    },
    close: () => store.close(),
  };
};
