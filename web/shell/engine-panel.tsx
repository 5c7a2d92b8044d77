import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { EngineView } from '../../src/contracts/views.ts';
import { bytes, percent } from '../format/numbers.ts';
import { Button } from '../kit/button.tsx';
import { ProgressBar } from '../kit/progress-bar.tsx';
import { useApp } from '../state/app.tsx';
import { Panel } from './panel.tsx';

export const engineName = (engine: EngineView): string => {
  const version = engine.version ?? (engine.build === null ? '' : `b${String(engine.build)}`);
  return version === '' ? 'llama-server' : `llama.cpp ${version}`;
};

const STATES = {
  unknown: 'Unknown',
  checking: 'Checking',
  installing: 'Installing',
  ready: 'Ready',
  missing: 'Missing',
} as const;

/** The percentage where it is known; an unknown total is not 0 %. */
export const installing = (engine: EngineView): string => {
  const share = engine.progress?.percent ?? null;
  return share === null ? 'Installing' : `Installing ${percent(share)}`;
};

const SOURCES = {
  configured: 'set in the configuration',
  path: 'found on PATH',
  installed: 'installed by Llamactor',
} as const;

export const EngineProgress = (props: { engine: EngineView }): JSX.Element => {
  const app = useApp();
  const amount = (): string => {
    const progress = props.engine.progress;
    if (progress === null) return '';
    const total = progress.totalBytes === null ? '' : ` of ${bytes(progress.totalBytes)}`;
    return progress.receivedBytes > 0 ? `${bytes(progress.receivedBytes)}${total}` : '';
  };
  return (
    <div class="panel__stack">
      <ProgressBar value={props.engine.progress?.percent ?? null} label="Installing the engine" still={!app.isLive()} />
      <div class="panel__note">
        {props.engine.progress?.stage ?? 'starting'}
        <Show when={amount()}> · {amount()}</Show>
      </div>
    </div>
  );
};

export const InstallButton = (props: { size?: 'small' | 'medium'; variant?: 'primary' | 'secondary' }): JSX.Element => {
  const app = useApp();
  return (
    <Button
      size={props.size ?? 'medium'}
      variant={props.variant ?? 'primary'}
      failure="The engine was not installed"
      disabledReason={app.isLive() ? null : 'Not connected'}
      onPress={() => app.client.request('engine:install', {})}
    >
      Install engine
    </Button>
  );
};

export const EnginePanel = (): JSX.Element => {
  const app = useApp();
  return (
    <Show when={app.live.engine()}>
      {(engine) => (
        <Panel
          title="Engine"
          tone={engine().state === 'ready' ? 'loaded' : engine().state === 'missing' ? 'error' : 'loading'}
          aside={STATES[engine().state]}
        >
          <Switch fallback={<div class="panel__value">Looking for llama-server…</div>}>
            <Match when={engine().state === 'ready'}>
              <div
                class="panel__value"
                data-tip={[engine().path, SOURCES[engine().source ?? 'path']].filter(Boolean).join(' – ')}
              >
                {engineName(engine())}
              </div>
            </Match>
            <Match when={engine().state === 'installing'}>
              <div class="panel__value">{installing(engine())}</div>
              <EngineProgress engine={engine()} />
            </Match>
            <Match when={engine().state === 'missing'}>
              <div class="panel__value">None found</div>
            </Match>
          </Switch>
        </Panel>
      )}
    </Show>
  );
};
