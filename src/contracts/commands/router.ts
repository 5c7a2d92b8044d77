/** `router:*`, and `llama:*`, which is the same router in the words of seed 001. */
import { z } from 'zod';
import { applyFields } from '../changes.ts';
import type { RouterView } from '../views.ts';
import { empty, returns } from './define.ts';
import { presetName } from './presets.ts';

export interface LlamaStatusView {
  status: { status: string; lastError: string | null; uptime: number; startedAt: number | null; models: string[] };
}

/** The router's status in words both dialects share; `status` itself is translated per dialect. */
export interface RouterStatusView {
  status: string;
  running: boolean;
  loadedModel: string | null;
  loadedModels: string[];
  /** Milliseconds since the router became ready; 0 when it is stopped. */
  uptime: number;
  /** Percent. */
  cpuUsage: number;
  /** Bytes. */
  memoryUsage: number;
  timestamp: number;
  router: RouterView;
}

export const routerCommands = {
  'router:status': returns<RouterStatusView>()('observe', empty, 'State of the inference router.'),
  'router:start': returns<{ status: 'starting' }>()('operate', empty, 'Starts the router.'),
  'router:stop': returns<{ status: 'stopping' }>()('operate', empty, 'Stops the router and unloads its models.'),
  'router:restart': returns<{ status: 'restarting' }>()(
    'operate',
    z.object({ signal: z.enum(['SIGTERM', 'SIGINT', 'SIGKILL']).default('SIGTERM') }),
    'Restarts the router; models that were loaded are loaded again.',
  ),
  'router:start-with-preset': returns<{ preset: string; status: 'starting' }>()(
    'operate',
    z.object({ presetName, ...applyFields }),
    'Restarts the router with a preset’s parameters. Models that it changes are loaded again when idle, or with `force` now.',
  ),
  'llama:status': returns<LlamaStatusView>()('observe', empty, 'State of the llama router in the words of seed 001.'),
  'llama:start': returns<{ success: true }>()('operate', empty, 'Starts the router; answers when it is ready.'),
  'llama:stop': returns<{ success: true }>()(
    'operate',
    empty,
    'Stops the router and its models; answers when it has stopped.',
  ),
  'llama:rescan': returns<{ scanned: number }>()(
    'operate',
    empty,
    'Searches all folders again; brings back records that were removed.',
  ),
} as const;
