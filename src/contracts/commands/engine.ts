/** `engine:*`: the llama-server that models run. */
import { z } from 'zod';
import type { EngineView } from '../views.ts';
import { empty, returns } from './define.ts';

export const engineCommands = {
  'engine:status': returns<{ engine: EngineView }>()('observe', empty, 'The llama-server in use.'),
  'engine:install': returns<{ engine: EngineView }>()(
    'admin',
    empty,
    'Installs a llama-server into the data folder; progress is broadcast.',
  ),
  'engine:use': returns<{ engine: EngineView }>()(
    'admin',
    z.object({ path: z.string().min(1).max(4096) }),
    'Uses this llama-server from now on; running models keep theirs.',
  ),
} as const;
