/** What a bench is, and what it is given. */
import type { EngineInfo } from '../../src/io/engine/index.ts';
import type { Row } from './row.ts';

export interface BenchContext {
  /** The real llama-server. */
  engine: EngineInfo;
  /** Few rounds: to see that everything works, not for numbers. */
  quick: boolean;
  /** How long the soak goes on. */
  minutes: number;
  progress(text: string): void;
  /** A line below the table. */
  note(text: string): void;
}

export interface Bench {
  name: string;
  summary: string;
  /** Not run unless it is named. */
  onlyByName?: boolean;
  run(context: BenchContext): Promise<Row[]>;
}
