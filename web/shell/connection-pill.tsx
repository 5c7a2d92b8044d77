import type { JSX } from 'solid-js';
import { exact, relative } from '../format/time.ts';
import { useApp } from '../state/app.tsx';
import type { ConnectionState } from '../state/connection.ts';
import './connection-pill.css';

const WORDS: Readonly<Record<ConnectionState['phase'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  stale: 'Reconnecting',
  offline: 'Offline',
  refused: 'Locked',
};
const TONES = { connecting: 'loading', live: 'loaded', stale: 'stopping', offline: 'error', refused: 'error' } as const;

export const ConnectionPill = (): JSX.Element => {
  const app = useApp();
  const tip = (): string => {
    const { phase, lastContactAt, problem } = app.live.connection();
    if (phase === 'live') return 'Everything shown is as it is now';
    const since =
      lastContactAt === null ? '' : ` Last heard ${relative(lastContactAt, Date.now())} (${exact(lastContactAt)}).`;
    return `${problem ?? 'Waiting for the server.'}${since}`;
  };
  return (
    <span
      class="connection"
      role="status"
      data-tone={TONES[app.live.connection().phase]}
      data-phase={app.live.connection().phase}
      data-tip={tip()}
    >
      <span class="connection__dot" aria-hidden="true" />
      <span class="visually-hidden">Connection: </span>
      {WORDS[app.live.connection().phase]}
    </span>
  );
};
