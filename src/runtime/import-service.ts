/** Takes over what another program was configured with. */
import path from 'node:path';
import { realpath, stat } from 'node:fs/promises';
import type { By, Services } from '../commands/services.ts';
import { COMMANDS } from '../contracts/commands.ts';
import type { CommandPayload } from '../contracts/commands.ts';
import type { ImportedModel, ImportNote, ImportReport } from '../contracts/commands/import.ts';
import { readSwapConfig } from '../io/llama-swap/read-config.ts';
import type { SwapModel } from '../io/llama-swap/read-config.ts';
import type { Known } from './catalog.ts';
import type { ConfigService } from './config-service.ts';
import { isInside } from './library.ts';
import type { Library } from './library.ts';
import type { ModelService } from './model-service.ts';

type ModelFields = CommandPayload<'models:create'>['model'];

export const createImportService = (options: {
  library: Library;
  models: ModelService;
  config: ConfigService;
  /** The flags of the engine in use; empty while none is known. */
  knownFlags(): ReadonlySet<string>;
}): Services['imports'] => {
  const { library, models, config } = options;

  /** The file a command means: at its path, or a known one of the same name when it was written for another machine. */
  const fileFor = async (written: string): Promise<{ file: string; moved: boolean } | null> => {
    const there = path.isAbsolute(written) ? await realpath(written).catch(() => null) : null;
    if (there !== null && (await stat(there)).isFile()) return { file: written, moved: false };
    const name = path.win32.basename(written);
    const same = library
      .catalog()
      .all()
      .filter(({ file }) => file !== null && path.basename(file.path) === name);
    const files = [...new Set(same.map(({ file }) => file?.path ?? ''))];
    return files.length === 1 ? { file: files[0] as string, moved: path.isAbsolute(written) } : null;
  };

  const isSearched = (file: string): boolean => config.folders().some((folder) => isInside(folder, file));

  /** Models of that file, by whatever links it was found. */
  const knownFor = async (file: string): Promise<Known[]> => {
    const real = await realpath(file).catch(() => file);
    const sameName = library
      .catalog()
      .all()
      .filter((known) => known.file !== null && path.basename(known.file.path) === path.basename(file));
    const reals = await Promise.all(sameName.map((known) => realpath(known.file?.path ?? '').catch(() => '')));
    return sameName.filter((_, index) => reals[index] === real);
  };

  const importSwap: Services['imports']['llamaSwap'] = async ({ yaml, dryRun, addFolders, env }, by) => {
    const swap = readSwapConfig(yaml, { env, knownFlags: options.knownFlags() });
    const notes: ImportNote[] = swap.notes;
    const found: { model: SwapModel; file: string | null }[] = [];
    const folders = new Set<string>();
    for (const model of swap.models) {
      const note = (outcome: ImportNote['outcome'], reason: string): void =>
        void notes.push({ line: model.line, item: `models.${model.name}`, outcome, reason });
      const match = await fileFor(model.modelPath);
      if (match === null) note('left out', `there is no file ${model.modelPath}, nor one known model of that name`);
      else {
        if (match.moved) note('adapted', `${match.file} is used, as ${model.modelPath} is not there`);
        if (!isSearched(match.file)) {
          folders.add(path.dirname(match.file));
          if (!addFolders)
            note('left out', `${path.dirname(match.file)} is no models folder; allow adding it, and import again`);
        }
      }
      found.push({ model, file: match?.file ?? null });
    }
    if (!dryRun) {
      const patch = { ...swap.settings, ...(addFolders && folders.size > 0 && withFolders([...folders])) };
      if (Object.keys(patch).length > 0) await config.update(patch, by);
      if (addFolders && folders.size > 0) await library.scan({ restoreHidden: false, by });
    }
    const imported: ImportedModel[] = [];
    for (const { model, file } of found) {
      const reachable = file !== null && (isSearched(file) || (addFolders && dryRun));
      imported.push(await takeOver(model, reachable ? file : null, { dryRun, by, notes }));
    }
    for (const name of swap.leftOut)
      imported.push({ name, outcome: 'left out', modelId: null, file: null, aliases: [], parameters: {} });
    notes.sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
    const report: ImportReport = { dryRun, models: imported, settings: swap.settings, folders: [...folders], notes };
    return report;
  };

  const withFolders = (folders: readonly string[]): { modelsDirs: string[] } => ({
    modelsDirs: [...new Set([...config.get().modelsDirs, ...folders])],
  });

  const takeOver = async (
    model: SwapModel,
    file: string | null,
    { dryRun, by, notes }: { dryRun: boolean; by: By; notes: ImportNote[] },
  ): Promise<ImportedModel> => {
    const { name, parameters } = model;
    const note = (item: string, reason: string): void =>
      void notes.push({ line: model.line, item: `models.${name}${item}`, outcome: 'left out', reason });
    const none: ImportedModel = { name, outcome: 'left out', modelId: null, file, aliases: [], parameters };
    if (file === null) return none;
    const holder = library.catalog().find(name);
    const sharers = await knownFor(file);
    // A record of this name is one that was imported before; a file without a record takes the name as its own.
    const known = sharers.find(({ record }) => record?.name === name) ?? sharers.find(({ record }) => record === null);
    if (holder !== undefined && holder.id !== known?.id) {
      note('', `the name belongs to ${holder.id} already`);
      return none;
    }
    const aliases = model.aliases.filter((alias) => {
      const other = library.catalog().find(alias);
      const free = other === undefined || other.id === known?.id;
      if (!free) note('.aliases', `the name ${alias} belongs to ${other.id} already`);
      return free;
    });
    const fields = fieldsOf({ ...model.fields, name, aliases, parameters, model_path: sharers[0]?.file?.path ?? file });
    const updates = known?.record != null;
    const outcome = updates ? 'updated' : 'created';
    if (dryRun) return { ...none, outcome, modelId: known?.id ?? null, aliases };
    const view = updates ? await models.update(known.id, fields, by) : await models.create(fields, by);
    return { ...none, outcome, modelId: view.id, aliases };
  };

  return { llamaSwap: importSwap };
};

/** Checked like a command's payload: a field that this version does not have is dropped, a wrong value refused. */
const fieldsOf = (fields: Record<string, unknown>): ModelFields =>
  COMMANDS['models:create'].payload.parse({ model: fields }).model;
