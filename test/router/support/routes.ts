import type { Route, Upstream } from '../../../src/contracts/ipc.ts';

/** A route of an unloaded model, changed as wanted. */
export const routeOf = (id: string, changes: Partial<Route> = {}): Route => ({
  id,
  names: [id, `${id}.gguf`],
  state: 'unloaded',
  upstream: null,
  held: false,
  failure: null,
  progress: null,
  created: 1_700_000_000,
  size: 1234,
  contextLength: null,
  metadata: null,
  concurrency: null,
  parameters: {},
  ...changes,
});

export const loadedRoute = (id: string, upstream: Upstream, changes: Partial<Route> = {}): Route =>
  routeOf(id, { state: 'loaded', upstream, contextLength: 4096, ...changes });
