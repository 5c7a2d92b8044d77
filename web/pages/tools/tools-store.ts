/** The servers of tools, and what they offer, kept by broadcasts while a page shows them. */
import { createEffect, createSignal, on, onCleanup } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { McpServerView, McpToolView } from '../../../src/contracts/mcp.ts';
import type { App } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';

export interface ToolsStore {
  /** By name. */
  servers: Accessor<readonly McpServerView[]>;
  toolsOf: (server: string) => readonly McpToolView[];
  /** The first answer has come. */
  ready: Accessor<boolean>;
  problem: Accessor<string | null>;
  again: () => void;
}

/** What has to change before the tools are worth asking for again. */
const signature = (servers: readonly McpServerView[]): string =>
  servers.map(({ name, tools, startedAt }) => `${name} ${tools ?? ''} ${startedAt ?? ''}`).join('\n');

export const createToolsStore = (app: Pick<App, 'client' | 'live'>): ToolsStore => {
  const [servers, setServers] = createSignal<readonly McpServerView[]>([]);
  const [tools, setTools] = createSignal<readonly McpToolView[]>([]);
  const [ready, setReady] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);

  const failed = (error: unknown): void => {
    if (app.live.connection().connected) setProblem(messageOf(error));
  };
  const fetchTools = (): Promise<void> =>
    app.client.request('mcp:tools', {}).then((answer) => void setTools(answer.tools), failed);
  const again = (): void => {
    setProblem(null);
    app.client.request('mcp:list', {}).then(async (answer) => {
      setServers(answer.servers);
      await fetchTools();
      setReady(true);
    }, failed);
  };
  createEffect(
    on(
      () => app.live.connection().connected,
      (connected) => {
        if (connected) again();
      },
    ),
  );
  let known = '';
  onCleanup(
    app.client.on('mcp:updated', (data) => {
      setServers(data.servers);
      const now = signature(data.servers);
      if (now !== known) void fetchTools();
      known = now;
    }),
  );
  return {
    servers,
    toolsOf: (server) => tools().filter((tool) => tool.server === server),
    ready,
    problem,
    again,
  };
};
