/** `presets:*`: INI files in the format of llama.cpp's router mode. */
import { z } from 'zod';
import type { PresetView } from '../views.ts';
import { empty, returns } from './define.ts';

export const presetName = z.string().trim().min(1).max(128);

export const presetsCommands = {
  'presets:list': returns<{ presets: PresetView[] }>()('observe', empty, 'All presets.'),
  'presets:get': returns<{ preset: PresetView }>()(
    'observe',
    z.object({ name: presetName }),
    'One preset with its text.',
  ),
  'presets:save': returns<{ preset: PresetView }>()(
    'operate',
    z.object({ name: presetName, ini: z.string().max(1_048_576) }),
    'Validates and saves a preset.',
  ),
  'presets:delete': returns<{ deleted: string }>()('operate', z.object({ name: presetName }), 'Deletes a preset.'),
} as const;
