/** `presets:*`: INI files in the format of llama.cpp's router mode. */
import { z } from 'zod';
import { applyFields } from '../changes.ts';
import type { ChangeEffectView } from '../changes.ts';
import type { PresetView } from '../views.ts';
import { empty, returns } from './define.ts';

export const presetName = z.string().trim().min(1).max(128);

const presetText = z.object({ name: presetName, ini: z.string().max(1_048_576), ...applyFields });

export const presetsCommands = {
  'presets:list': returns<{ presets: PresetView[] }>()('observe', empty, 'All presets.'),
  'presets:get': returns<{ preset: PresetView }>()(
    'observe',
    z.object({ name: presetName }),
    'One preset with its text.',
  ),
  'presets:save': returns<{ preset: PresetView }>()(
    'operate',
    presetText,
    'Validates and saves a preset. Models that it changes are loaded again when idle, or with `force` now.',
  ),
  'presets:preview': returns<{ effects: ChangeEffectView[] }>()(
    'observe',
    presetText,
    'What presets:save with the same payload would do.',
  ),
  'presets:delete': returns<{ deleted: string }>()('operate', z.object({ name: presetName }), 'Deletes a preset.'),
} as const;
