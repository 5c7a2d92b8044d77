/** `config:*` and `settings:*`. */
import { z } from 'zod';
import type { Config, Settings } from '../config.ts';
import { applyFields } from '../changes.ts';
import type { ChangeEffectView, ConfigRow, ProblemView } from '../changes.ts';
import { empty, returns } from './define.ts';

const configPatch = z.union([
  z.object({ config: z.record(z.string().max(128), z.unknown()), ...applyFields }),
  z.object({ key: z.string().min(1).max(128), value: z.unknown(), ...applyFields }),
]);

export const configCommands = {
  'config:get': returns<{ config: Config }>()('observe', empty, 'The configuration.'),
  'config:update': returns<{ config: Config }>()(
    'admin',
    configPatch,
    'Changes configuration keys; all of them or none. Models that it changes are loaded again when idle, or with `force` now.',
  ),
  'config:preview': returns<{ effects: ChangeEffectView[] }>()(
    'observe',
    configPatch,
    'What config:update with the same payload would do.',
  ),
  'config:effective': returns<{ rows: ConfigRow[] }>()(
    'observe',
    empty,
    'Every key as it is stored beside what counts now, and why the two differ.',
  ),
  'config:problems': returns<{ problems: ProblemView[] }>()(
    'observe',
    empty,
    'Files of the data folder that were edited and cannot be used, with line and reason.',
  ),
  'settings:get': returns<{ settings: Settings }>()('observe', empty, 'The settings.'),
  'settings:update': returns<{ settings: Settings }>()(
    'operate',
    z.object({ settings: z.record(z.string().max(128), z.unknown()) }),
    'Changes settings; all of them or none.',
  ),
} as const;
