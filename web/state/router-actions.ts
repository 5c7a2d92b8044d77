/** What a person can do to the router. Each asks once, and says what would be lost. */
import { plural } from '../format/numbers.ts';
import type { Client } from '../net/client.ts';
import type { Confirm } from './confirm.ts';
import type { Live } from './live.ts';

export interface RouterActions {
  start: () => Promise<void>;
  restart: () => Promise<void>;
  stop: () => Promise<void>;
  usePreset: (name: string) => Promise<void>;
}

export const createRouterActions = (client: Client, live: Live, confirm: Confirm): RouterActions => {
  const inFlight = (): string => {
    const requests = live.router()?.inFlight ?? 0;
    return requests === 0 ? 'No request is being answered now.' : `${plural(requests, 'request')} will be cut off.`;
  };
  const unloading = (): string => {
    const count = live.models().filter((model) => model.state === 'loaded' || model.state === 'loading').length;
    return count === 0 ? '' : `, and ${plural(count, 'loaded model')} will be unloaded`;
  };
  return {
    start: async () => {
      await client.request('router:start', {});
    },
    restart: async () => {
      const yes = await confirm.ask({
        title: 'Restart the router?',
        body: `${inFlight()} The API is away for a moment; what was loaded is loaded again.`,
        confirm: 'Restart',
      });
      if (yes) await client.request('router:restart', {});
    },
    stop: async () => {
      const yes = await confirm.ask({
        title: 'Stop the router?',
        body: `${inFlight()} The API stays away until it is started again${unloading()}.`,
        confirm: 'Stop',
      });
      if (yes) await client.request('router:stop', {});
    },
    usePreset: async (name) => {
      const yes = await confirm.ask({
        title: `Restart with the preset “${name}”?`,
        body: `${inFlight()} The router restarts, and models are loaded with this preset’s parameters from then on.`,
        confirm: 'Restart with it',
      });
      if (yes) await client.request('router:start-with-preset', { presetName: name });
    },
  };
};
