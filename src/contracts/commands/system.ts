/** `system:*`: the machine and the server's own health. */
import { empty, returns } from './define.ts';

export interface InfoView {
  platform: string;
  arch: string;
  nodeVersion: string;
  uptime: number;
  memory: { total: number; free: number };
  cpuCount: number;
  version: string;
  dataDir: string;
  pid: number;
}

export interface HealthView {
  status: 'healthy' | 'degraded';
  details: Record<string, { ok: boolean; message: string }>;
}

export const systemCommands = {
  'system:info': returns<{ info: InfoView }>()('observe', empty, 'The machine and the server.'),
  'system:health': returns<HealthView>()('observe', empty, 'What works and what does not.'),
} as const;
