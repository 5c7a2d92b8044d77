/** Which commands this server has. Servers differ in version; what one cannot do is not shown, rather than shown and refused. */
import { at } from '../net/base.ts';
import { authorised } from '../net/credentials.ts';
import { createEffect, createSignal, on } from 'solid-js';
import type { Live } from './live.ts';

export interface Offers {
  /** False until the list has arrived. */
  has: (command: string) => boolean;
}

const namesOf = (body: unknown): string[] => {
  if (typeof body !== 'object' || body === null || !('commands' in body) || !Array.isArray(body.commands)) return [];
  return body.commands.flatMap((command: unknown) =>
    typeof command === 'object' && command !== null && 'name' in command && typeof command.name === 'string'
      ? [command.name]
      : [],
  );
};

export const createOffers = (live: Pick<Live, 'version' | 'connection'>): Offers => {
  const [names, setNames] = createSignal<ReadonlySet<string>>(new Set());
  createEffect(
    // Asked again when a server of another version answers.
    on([live.version, () => live.connection().connected], ([version, connected]) => {
      if (version === null || !connected) return;
      fetch(at('/api/commands'), { headers: authorised() })
        .then((response): Promise<unknown> => (response.ok ? response.json() : Promise.resolve(null)))
        .then(
          (body) => setNames(new Set(namesOf(body))),
          // Without the list nothing optional is offered, which is always right.
          () => undefined,
        );
    }),
  );
  return { has: (command) => names().has(command) };
};
