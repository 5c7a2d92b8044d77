import type { DomainChange, Services } from '../../commands/services.ts';
import type { Output } from '../io.ts';

/** A change as one line for programs, or null for what is no part of the live picture (logs, samples, settings). */
const lineOf = (change: DomainChange): Record<string, unknown> | null => {
  switch (change.kind) {
    case 'model':
    case 'model.created':
      return { kind: 'model', model: change.model };
    case 'model.removed':
      return { kind: 'model.removed', id: change.modelId };
    case 'router':
      return { kind: 'router', router: change.router };
    case 'engine':
      return { kind: 'engine', engine: change.engine };
    case 'download':
      return { kind: 'download', download: change.download };
    case 'download.removed':
      return { kind: 'download.removed', id: change.id };
    case 'decision':
      return { kind: 'decision', decision: change.decision };
    default:
      return null;
  }
};

/** Writes every live change and decision as `{"at": ms, "seq": n, "kind": …}`; returns the function that ends it. */
export const writeEvents = (services: Services, output: Output): (() => void) =>
  services.subscribe((changes, seq) => {
    for (const change of changes) {
      const line = lineOf(change);
      if (line !== null) output.write(`${JSON.stringify({ at: Date.now(), seq, ...line })}\n`);
    }
  });
