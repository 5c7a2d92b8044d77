/** Requested against effective, fetched again whenever something happened that can change it. */
import { createResource, onCleanup } from 'solid-js';
import type { ConfigRow } from '../../../src/contracts/changes.ts';
import type { ConfigKey } from '../../../src/contracts/config.ts';
import { displayName } from '../../format/model.ts';
import type { App } from '../../state/app.tsx';
import type { LoadedModel } from './rows.ts';

export interface ConfigRows {
  /** Undefined until it has arrived, and on a server that does not tell. */
  row: (key: ConfigKey) => ConfigRow | undefined;
  /** Loaded models with what they really run with. */
  loaded: () => readonly LoadedModel[];
}

export const createConfigRows = (app: App): ConfigRows => {
  const [rows, { refetch }] = createResource(
    // A router that starts takes its port; a connection that is new may belong to another server.
    () => app.live.connection().connected && { router: app.live.router()?.url, engine: app.live.engine()?.path },
    async () => {
      const answer = await app.client.request('config:effective', {});
      return new Map(answer.rows.map((row) => [row.key, row]));
    },
  );
  const again = (): void => void refetch();
  onCleanup(app.client.on('config:updated', again));
  /** Each with the process it has: another process may run with other parameters. */
  const running = (): string =>
    app.live
      .models()
      .filter((model) => model.state === 'loaded')
      .map(({ id, pid }) => `${id}\n${String(pid)}`)
      .join('\n\n');
  const [loaded] = createResource(running, async (text): Promise<LoadedModel[]> => {
    const ids = text === '' ? [] : text.split('\n\n').map((each) => each.split('\n')[0] ?? '');
    const answers = await Promise.allSettled(ids.map((modelId) => app.client.request('models:effective', { modelId })));
    // One that was unloaded meanwhile has nothing to tell.
    return answers.flatMap((answer) => {
      if (answer.status === 'rejected') return [];
      const { modelId, rows: its } = answer.value;
      const model = app.live.model(modelId);
      return [{ name: model === undefined ? modelId : displayName(model), rows: its }];
    });
  });
  return {
    row: (key) => (rows.error === undefined ? rows.latest?.get(key) : undefined),
    loaded: () => loaded.latest ?? [],
  };
};
