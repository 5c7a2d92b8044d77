import type { MetricsView } from '../../src/contracts/views.ts';

export const sampleAt = (timestamp: number, usage = 10): MetricsView => ({
  cpu: { usage, cores: 2, load: 0.5 },
  memory: { used: 50, usedBytes: 500, totalBytes: 1_000, availableBytes: 500 },
  disk: { used: 1, usedBytes: 1, totalBytes: 100 },
  network: { rx: 10, tx: 20 },
  uptime: 1,
  gpus: [],
  processes: [{ source: 'server', pid: 1, cpu: 1, memory: 1 }],
  activeModels: 0,
  requestsPerMinute: 0,
  tokensPerSecond: 0,
  modelTokensPerSecond: {},
  timestamp,
});
