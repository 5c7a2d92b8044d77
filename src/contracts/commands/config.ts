/** `config:*` and `settings:*`. */
import { z } from 'zod';
import type { Config, Settings } from '../config.ts';
import { empty, returns } from './define.ts';

export const configCommands = {
  'config:get': returns<{ config: Config }>()('observe', empty, 'The configuration.'),
  'config:update': returns<{ config: Config }>()(
    'admin',
    z.union([
      z.object({ config: z.record(z.string().max(128), z.unknown()) }),
      z.object({ key: z.string().min(1).max(128), value: z.unknown() }),
    ]),
    'Changes configuration keys; all of them or none.',
  ),
  'settings:get': returns<{ settings: Settings }>()('observe', empty, 'The settings.'),
  'settings:update': returns<{ settings: Settings }>()(
    'operate',
    z.object({ settings: z.record(z.string().max(128), z.unknown()) }),
    'Changes settings; all of them or none.',
  ),
} as const;
