import type { EngineView, GpuMetricsView } from '../../contracts/views.ts';

export type Level = 'ok' | 'warn' | 'fail';

export interface Finding {
  /** What was looked at, e.g. "engine". */
  check: string;
  level: Level;
  /** One sentence: what is, and what to do about it. */
  message: string;
}

export interface FoundModel {
  id: string;
  size: number;
  problem: string | null;
}

/** What the checks read from this machine; tests may answer otherwise. */
export interface DoctorProbe {
  nodeVersion: string;
  memory(): { total: number; free: number };
  gpus(): Promise<GpuMetricsView[]>;
  /** Finds and runs the engine that a server started now would use. */
  engine(query: { configured: string | null; dataDir: string; signal: AbortSignal }): Promise<EngineView>;
  /** Throws a CodedError when a folder is missing. */
  models(folders: readonly string[], signal: AbortSignal): Promise<FoundModel[]>;
}
