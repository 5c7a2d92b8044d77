import { A } from '@solidjs/router';
import { createSignal, For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { McpServerView } from '../../../src/contracts/mcp.ts';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { ImportDialog, ServerDialog } from './server-dialog.tsx';
import { ServerRow } from './server-row.tsx';
import { createToolsStore } from './tools-store.ts';
import './tools.css';

const ToolsPage = (): JSX.Element => {
  const app = useApp();
  const store = createToolsStore(app);
  const [open, setOpen] = createSignal<{ edit: McpServerView | null } | 'import' | null>(null);
  const names = (): string[] => store.servers().map(({ name }) => name);
  const byName = (name: string): McpServerView | undefined => store.servers().find((one) => one.name === name);
  const buttons = (): JSX.Element => (
    <>
      <Button icon="download" disabledReason={app.blocked()} onPress={() => setOpen('import')}>
        Take over
      </Button>
      <Button variant="primary" icon="plus" disabledReason={app.blocked()} onPress={() => setOpen({ edit: null })}>
        New server
      </Button>
    </>
  );
  return (
    <Page
      title="Tools"
      summary="Servers of the Model Context Protocol, whose tools agents may use."
      actions={
        <>
          <A class="quiet-link" href="/channels/agents">
            Agents
          </A>
          <A class="quiet-link" href="/channels">
            Channels
          </A>
          <Show when={store.servers().length > 0}>{buttons()}</Show>
        </>
      }
    >
      <Switch fallback={<div class="card servers-waiting" role="status" aria-label="Fetching the servers" />}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={store.problem() !== null && !store.ready()}>
          <EmptyState
            title="The servers could not be fetched"
            actions={<Button onPress={store.again}>Try again</Button>}
          >
            <p>{store.problem()}</p>
          </EmptyState>
        </Match>
        <Match when={store.ready() && store.servers().length === 0}>
          <EmptyState title="No servers yet" actions={buttons()}>
            <p>
              A server gives agents tools: files, notes, a search, a calendar. Add one by its command or address, or
              take over the file of another assistant. Then let an agent use it.
            </p>
          </EmptyState>
        </Match>
        <Match when={store.ready()}>
          <ul class="card servers fades" aria-label={plural(names().length, 'server')}>
            <For each={names()}>
              {(name) => (
                <Show when={byName(name)}>
                  {(server) => (
                    <ServerRow
                      server={server()}
                      tools={store.toolsOf(name)}
                      onEdit={() => setOpen({ edit: server() })}
                    />
                  )}
                </Show>
              )}
            </For>
          </ul>
        </Match>
      </Switch>
      <Show when={open()} keyed>
        {(what) =>
          what === 'import' ? (
            <ImportDialog onClose={() => setOpen(null)} />
          ) : (
            <ServerDialog server={what.edit} onClose={() => setOpen(null)} />
          )
        }
      </Show>
    </Page>
  );
};

export default ToolsPage;
