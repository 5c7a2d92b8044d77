import type { Services } from '../../commands/services.ts';
import type { ServeOptions } from '../serve-options.ts';

/** The composed server as `serve` drives it; `src/app.ts` provides it. */
export interface ServedApp {
  /** Resolves when the control plane listens; rejects with a CodedError. */
  start(): Promise<void>;
  /** Drains within its own deadline, then ends every process it started. */
  stop(reason: string): Promise<void>;
  /** Origin of the control plane; final after `start`. */
  readonly url: string;
  /** Origin of the inference API. */
  readonly routerUrl: string;
  readonly services: Services;
  /** Hears of a failure after which the server cannot go on. */
  onFatal(listener: (error: unknown) => void): void;
}

/** Opens the data folder and composes the server without starting anything; rejects with a CodedError. */
export type CreateApp = (options: ServeOptions) => Promise<ServedApp>;
