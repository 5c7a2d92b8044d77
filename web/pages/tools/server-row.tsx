import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { McpServerView, McpToolView } from '../../../src/contracts/mcp.ts';
import { plural } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import type { Tone } from '../../kit/badge.tsx';
import { Button, IconButton } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';

export const STATE_WORDS: Record<McpServerView['state'], string> = {
  stopped: 'Stopped',
  starting: 'Starting',
  ready: 'Ready',
  stopping: 'Stopping',
  backoff: 'Tries again',
  failed: 'Failed',
};
export const STATE_TONES: Record<McpServerView['state'], Tone> = {
  stopped: 'unloaded',
  starting: 'loading',
  ready: 'loaded',
  stopping: 'stopping',
  backoff: 'loading',
  failed: 'error',
};

const Tool = (props: { tool: McpToolView }): JSX.Element => (
  <li class="server-tool">
    <code class="server-tool__name">{props.tool.name}</code>
    <Show when={props.tool.readOnly}>
      <Badge tone="neutral" dot={false} tip="The server says that it changes nothing">
        reads
      </Badge>
    </Show>
    <Show when={props.tool.destructive === true}>
      <Badge tone="error" dot={false} tip="The server says that it may destroy something">
        may destroy
      </Badge>
    </Show>
    <span class="server-tool__about">{props.tool.description}</span>
  </li>
);

export const ServerRow = (props: {
  server: McpServerView;
  tools: readonly McpToolView[];
  onEdit: () => void;
}): JSX.Element => {
  const app = useApp();
  const server = (): McpServerView => props.server;
  const what = (): string => server().url ?? [server().command ?? '', ...server().args].join(' ');
  const runs = (): boolean => server().state !== 'stopped' && server().state !== 'failed';
  const act = (verb: 'start' | 'stop' | 'restart') => app.client.request(`mcp:${verb}`, { server: server().name });
  const remove = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: `Remove ${server().name}?`,
      body: 'It is stopped and its definition is forgotten, with the values that were stored for it. Agents lose its tools.',
      confirm: 'Remove',
    });
    if (!yes) return;
    await app.client.request('mcp:remove', { server: server().name });
    app.toasts.show({ tone: 'info', title: `${server().name} is removed` });
  };
  return (
    <li class="server">
      <div class="server__who">
        <h2 class="server__name">{server().name}</h2>
        <Show when={!server().disabled} fallback={<Badge tone="neutral">Switched off</Badge>}>
          <Badge tone={STATE_TONES[server().state]}>{STATE_WORDS[server().state]}</Badge>
        </Show>
        <Show when={server().title}>
          {(title) => (
            <span class="server__title">
              {title()} {server().version}
            </span>
          )}
        </Show>
      </div>
      <div class="server__acts">
        <Show
          when={runs()}
          fallback={
            <Button
              size="small"
              icon="play"
              label={`Start ${server().name}`}
              failure={`${server().name} did not start`}
              disabledReason={app.blocked() ?? (server().disabled ? 'It is switched off' : null)}
              onPress={() => act('start')}
            >
              Start
            </Button>
          }
        >
          <IconButton
            icon="refresh"
            label={`Start ${server().name} anew`}
            onPress={() => void act('restart').catch((error: unknown) => app.toasts.failure('It did not start', error))}
          />
          <Button
            size="small"
            icon="stop"
            label={`Stop ${server().name}`}
            failure={`${server().name} was not stopped`}
            disabledReason={app.blocked()}
            onPress={() => act('stop')}
          >
            Stop
          </Button>
        </Show>
        <IconButton icon="edit" label={`Change ${server().name}`} onPress={() => props.onEdit()} />
        <IconButton
          icon="trash"
          label={`Remove ${server().name}`}
          onPress={() => void remove().catch((error: unknown) => app.toasts.failure('It was not removed', error))}
        />
      </div>
      <p class="server__what">
        <Icon name={server().transport === 'stdio' ? 'terminal' : 'flow'} size={14} />
        <code>{what()}</code>
      </p>
      <Show when={server().failure}>
        {(failure) => (
          <p class="server__failure" role="status">
            <Icon name="alert" size={16} />
            {failure().message}
          </p>
        )}
      </Show>
      <div class="server__more">
        <Show
          when={props.tools.length > 0}
          fallback={
            <span class="server__none">
              {server().tools === 0 ? 'It has no tools' : 'Its tools are known once it has been started'}
            </span>
          }
        >
          <details class="server__tools">
            <summary>
              <Icon name="chevron" size={14} />
              {plural(props.tools.length, 'tool')}
            </summary>
            <ul aria-label={`Tools of ${server().name}`}>
              <For each={props.tools}>{(tool) => <Tool tool={tool} />}</For>
            </ul>
          </details>
        </Show>
        <A class="quiet-link" href={`/logs?source=${encodeURIComponent(`mcp:${server().name}`)}`}>
          Log<span class="visually-hidden"> of {server().name}</span>
        </A>
      </div>
    </li>
  );
};
