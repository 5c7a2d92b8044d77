import { useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, Match, on, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { LogEntryView, LogLevel } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { grouped, plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Segmented, Select } from '../../kit/field.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Page } from '../../kit/page.tsx';
import { datedName, saveFile } from '../../kit/save-file.ts';
import { SearchField } from '../../kit/search-field.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { useApp } from '../../state/app.tsx';
import { readStored, writeStored } from '../../state/stored.ts';
import { filterLines, indexAt, isLogLevel, linesAsJson, linesAsText, momentOf } from './log-lines.ts';
import type { LogFilter } from './log-lines.ts';
import { LogList } from './log-list.tsx';
import type { LogListHandle } from './log-list.tsx';
import { createLogStore } from './log-store.ts';
import './logs.css';

const LEVELS: readonly { value: LogLevel; label: string }[] = [
  { value: 'debug', label: 'All' },
  { value: 'info', label: 'Info' },
  { value: 'warn', label: 'Warnings' },
  { value: 'error', label: 'Errors' },
];

const LogsPage = (): JSX.Element => {
  const app = useApp();
  const store = createLogStore(app);
  const [params, setParams] = useSearchParams<{ q?: string; level?: string; source?: string }>();
  const filter = createMemo<LogFilter>(() => {
    const level = params.level ?? readStored('log-level');
    return { level: isLogLevel(level) ? level : 'debug', source: params.source ?? '', text: params.q ?? '' };
  });
  const change = (part: Partial<LogFilter>): void => {
    const next = { ...filter(), ...part };
    if (part.level !== undefined) writeStored('log-level', part.level);
    setParams({ q: next.text || null, level: next.level, source: next.source || null }, { replace: true });
  };
  /** The lines as they were when the list was paused; null while it is live. */
  const [paused, setPaused] = createSignal<readonly LogEntryView[] | null>(null);
  const lines = (): readonly LogEntryView[] => paused() ?? store.lines();
  const shown = createMemo(() => filterLines(lines(), filter()));
  const missed = (): number => {
    const held = paused();
    const last = held?.at(-1);
    if (held === null) return 0;
    return last === undefined ? store.lines().length : store.lines().length - 1 - store.lines().lastIndexOf(last);
  };
  // What was cleared is gone, also from a paused list.
  createEffect(
    on(store.lines, (held) => {
      if (held.length === 0 && paused() !== null) setPaused([]);
    }),
  );
  const nameOf = (source: string): string => {
    if (!source.startsWith('model:')) return source;
    const model = app.live.model(source.slice('model:'.length));
    return model === undefined ? source.slice('model:'.length) : displayName(model);
  };
  const sources = createMemo(() => {
    const known = new Set(store.lines().map((entry) => entry.source));
    if (filter().source !== '') known.add(filter().source);
    return [
      { value: '', label: 'Every source' },
      ...[...known].sort().map((value) => ({ value, label: nameOf(value) })),
    ];
  });
  let list: LogListHandle | undefined;

  const jump = (text: string): void => {
    const moment = momentOf(text, shown().at(-1)?.timestamp ?? Date.now());
    if (moment !== null) list?.show(indexAt(shown(), moment));
  };
  const clear = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: 'Clear the log?',
      body: `${plural(store.lines().length, 'line')} leave the server’s memory, for everyone. The log files on disk stay.`,
      confirm: 'Clear',
    });
    if (yes) await app.client.request('logs:clear', {});
  };

  return (
    <Page
      title="Logs"
      tall
      summary={
        <span class="log-summary">
          <Show when={shown().length !== lines().length} fallback={plural(lines().length, 'line')}>
            {grouped(shown().length)} of {plural(lines().length, 'line')}
          </Show>
          <Show when={paused() !== null}>
            <strong>
              , paused
              <Show when={missed() > 0}>, {grouped(missed())} newer</Show>
            </strong>
          </Show>
        </span>
      }
      actions={
        <>
          <Button
            icon={paused() === null ? 'pause' : 'play'}
            onPress={() => {
              const resume = paused() !== null;
              setPaused(resume ? null : store.lines());
              if (resume) queueMicrotask(() => list?.follow());
            }}
          >
            {paused() === null ? 'Pause' : 'Resume'}
          </Button>
          <Menu
            label="More for the log"
            items={[
              {
                label: 'Export as text',
                icon: 'download',
                onPress: () => saveFile(datedName('log', 'txt'), 'text/plain', linesAsText(shown())),
              },
              {
                label: 'Export as JSON',
                icon: 'download',
                onPress: () => saveFile(datedName('log', 'json'), 'application/json', linesAsJson(shown())),
              },
              {
                label: 'Clear the log',
                icon: 'trash',
                onPress: () => {
                  clear().catch((error: unknown) => app.toasts.failure('The log was not cleared', error));
                },
              },
            ]}
          />
        </>
      }
    >
      <div class="log-tools">
        <SearchField label="Search the log" value={filter().text} onInput={(text) => change({ text })} />
        <Segmented
          label="Least level"
          value={filter().level}
          choices={LEVELS}
          onChange={(level) => change({ level })}
        />
        <Select label="Source" value={filter().source} choices={sources()} onChange={(source) => change({ source })} />
        <label class="log-jump">
          <span class="visually-hidden">Jump to time</span>
          <input
            class="input"
            type="time"
            step="1"
            data-tip="Jump to a time"
            onChange={(event) => jump(event.currentTarget.value)}
          />
        </label>
      </div>
      <Switch
        fallback={<LogList lines={shown()} nameOf={nameOf} text={filter().text} ref={(handle) => (list = handle)} />}
      >
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={store.problem() !== null && store.lines().length === 0}>
          <EmptyState title="The log could not be fetched" actions={<Button onPress={store.again}>Try again</Button>}>
            <p>{store.problem()}</p>
          </EmptyState>
        </Match>
        <Match when={store.loading() && store.lines().length === 0}>
          <div class="log-list log-list--empty" role="status" aria-label="Fetching the log" />
        </Match>
        <Match when={lines().length === 0}>
          <EmptyState title="The log is empty">
            <p>Lines show here as they are written, by Llamactor and by every engine.</p>
          </EmptyState>
        </Match>
        <Match when={shown().length === 0}>
          <EmptyState
            title="Nothing matches"
            actions={<Button onPress={() => change({ level: 'debug', source: '', text: '' })}>Show all lines</Button>}
          >
            <p>No line fits this search, level and source.</p>
          </EmptyState>
        </Match>
      </Switch>
    </Page>
  );
};

export default LogsPage;
