/** `import:*`: what other programs were told, told to this one. */
import { z } from 'zod';
import type { Config } from '../config.ts';
import type { ParameterValue } from '../views.ts';
import { returns } from './define.ts';

/** What became of one line of the file. */
export interface ImportNote {
  /** From 1; null when it has no place. */
  line: number | null;
  /** For example "models.qwen.ttl". */
  item: string;
  /** "adapted": carried over in other words. */
  outcome: 'adapted' | 'left out';
  reason: string;
}

export interface ImportedModel {
  /** The name that clients used, which they can go on using. */
  name: string;
  outcome: 'created' | 'updated' | 'left out';
  /** Null when it was left out, or in a dry run when it is not known yet. */
  modelId: string | null;
  file: string | null;
  aliases: string[];
  parameters: Record<string, ParameterValue>;
}

export interface ImportReport {
  /** Nothing was changed; the rest says what would be. */
  dryRun: boolean;
  models: ImportedModel[];
  /** Configuration that is changed. */
  settings: Partial<Config>;
  /** Folders of model files that are not searched yet; they are added only with `addFolders`. */
  folders: string[];
  notes: ImportNote[];
}

export const importCommands = {
  'import:llama-swap': returns<{ report: ImportReport }>()(
    'admin',
    z.object({
      yaml: z.string().max(1_048_576),
      dryRun: z.boolean().default(false),
      addFolders: z.boolean().default(false),
      /** Values for `${env.NAME}` in the file; the server's own environment is never read. */
      env: z.record(z.string().max(128), z.string().max(8192)).default({}),
    }),
    'Takes over models and settings of a llama-swap configuration, and says line by line what could not be.',
  ),
} as const;
