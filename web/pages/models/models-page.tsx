import { useSearchParams } from '@solidjs/router';
import { createMemo, createSignal, For, Match, Show, Switch, untrack } from 'solid-js';
import type { JSX } from 'solid-js';
import { grouped, plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Page } from '../../kit/page.tsx';
import { Unreachable } from '../../shell/unreachable.tsx';
import { Downloads } from '../../shell/downloads.tsx';
import { useApp } from '../../state/app.tsx';
import { activeModels, isSortKey, isStateFilter, queryLibrary } from '../../state/library.ts';
import type { LibraryQuery, LibraryResult, SortKey } from '../../state/library.ts';
import { readStored, writeStored } from '../../state/stored.ts';
import { ActiveModel } from './active-model.tsx';
import { AddDialog, isAddWay } from './add/add-dialog.tsx';
import type { AddWay } from './add/add-dialog.tsx';
import { BulkBar } from './bulk-bar.tsx';
import { DetailsDrawer } from './details-drawer.tsx';
import { EmptyLibrary } from './empty-library.tsx';
import { LibraryList } from './library-list.tsx';
import { RescanButton } from './rescan-button.tsx';
import { createSelection } from './selection.ts';
import { Skeleton } from './skeleton.tsx';
import { Toolbar } from './toolbar.tsx';

/** More rows than this above the list, and the list is off the screen. */
const MOST_ACTIVE = 8;

const sameIds = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((id, index) => id === b[index]);

/** Words for the line under the title; the worst news has a place of its own, in the cards. */
const summaryOf = (counts: LibraryResult['counts']): string =>
  [
    plural(counts.all, 'model'),
    counts.loaded > 0 ? `${grouped(counts.loaded)}\u00a0loaded` : null,
    counts.loading > 0 ? `${grouped(counts.loading)}\u00a0loading` : null,
    counts.error > 0 ? `${grouped(counts.error)}\u00a0failed` : null,
  ]
    .filter((part) => part !== null)
    .join(', ');

/** Filter and order as they were left, from this browser's memory; a search is meant once and is not remembered. */
const remembered = (): Partial<LibraryQuery> => {
  try {
    const held = JSON.parse(readStored('models') ?? '{}') as Record<string, unknown>;
    return {
      ...(isStateFilter(held['filter']) ? { filter: held['filter'] } : {}),
      ...(isSortKey(held['sort']) ? { sort: held['sort'] } : {}),
      ...(held['descending'] === true ? { descending: true } : {}),
    };
  } catch {
    return {};
  }
};

/** Search, filter, order and the open model live in the address: they survive a reload, and can be sent to someone. */
const useQuery = () => {
  const [params, setParams] = useSearchParams<{
    q?: string;
    state?: string;
    sort?: string;
    order?: string;
    model?: string;
    add?: string;
    source?: string;
  }>();
  const query = createMemo<LibraryQuery>(() => ({
    text: params.q ?? '',
    filter: isStateFilter(params.state) ? params.state : 'all',
    sort: isSortKey(params.sort) ? params.sort : 'name',
    descending: params.order === 'desc',
  }));
  const change = (part: Partial<LibraryQuery>): void => {
    const next = { ...query(), ...part };
    writeStored('models', JSON.stringify({ filter: next.filter, sort: next.sort, descending: next.descending }));
    setParams(
      {
        q: next.text || null,
        state: next.filter === 'all' ? null : next.filter,
        sort: next.sort === 'name' ? null : next.sort,
        order: next.descending ? 'desc' : null,
      },
      { replace: true },
    );
  };
  // An address without any of it was not sent by anyone: the page comes back as it was left.
  const plain = [params.q, params.state, params.sort, params.order].every((value) => value === undefined);
  const left = remembered();
  if (plain && Object.keys(left).length > 0) untrack(() => change(left));
  return {
    query,
    change,
    opened: () => params.model,
    open: (id: string | null) => setParams({ model: id }),
    adding: (): AddWay | null => (isAddWay(params.add) ? params.add : null),
    source: (): string => params.source ?? '',
    add: (way: AddWay | null) => setParams({ add: way, source: null }, { replace: params.add !== undefined }),
    ask: (source: string) => setParams({ source }, { replace: true }),
    /** What was added is opened in place of how. */
    made: (id: string) => setParams({ add: null, source: null, model: id }, { replace: true }),
  };
};

const ModelsPage = (): JSX.Element => {
  const app = useApp();
  const { query, change, opened, open, adding, source, add, ask, made } = useQuery();
  const selection = createSelection(app);
  const result = createMemo(() => queryLibrary(app.live.models(), query()));
  const ids = createMemo(() => result().ids, [], { equals: sameIds });
  /** How many of everything there is, whatever the search leaves. */
  const totals = createMemo(() => queryLibrary(app.live.models(), { ...query(), text: '' }).counts);
  const [allActive, setAllActive] = createSignal(false);
  const activeIds = createMemo(
    () => activeModels(app.live.models(), allActive() ? Number.POSITIVE_INFINITY : MOST_ACTIVE),
    [],
    { equals: sameIds },
  );
  const hiddenFailures = (): number =>
    app.live.models().filter((model) => model.state !== 'unloaded').length - activeIds().length;
  const narrowed = (): boolean => query().text !== '' || query().filter !== 'all';

  const sortBy = (key: SortKey): void => {
    // The first press brings what is usually looked for: the largest, the newest; a second press turns it round.
    const first = key === 'parameters' || key === 'size' || key === 'context' || key === 'used';
    change({ sort: key, descending: query().sort === key ? !query().descending : first });
  };

  return (
    <Page
      title="Models"
      summary={app.live.ready() && app.live.ids().length > 0 ? summaryOf(totals()) : undefined}
      actions={
        <>
          <Show when={app.live.ids().length > 0}>
            <RescanButton />
          </Show>
          <Show when={app.live.ready()}>
            <Button icon="plus" variant="primary" onPress={() => add('download')}>
              Add models
            </Button>
          </Show>
        </>
      }
    >
      <Switch fallback={<Skeleton />}>
        <Match when={!app.live.ready() && app.live.connection().phase === 'offline'}>
          <Unreachable />
        </Match>
        <Match when={app.live.ready() && app.live.ids().length === 0}>
          <EmptyLibrary />
        </Match>
        <Match when={app.live.ready()}>
          <Downloads />
          <Show when={activeIds().length > 0 && !narrowed()}>
            <section class="page__section fades" aria-labelledby="active-heading">
              <h2 id="active-heading" class="visually-hidden">
                Active models
              </h2>
              <ul class="running-list">
                <For each={activeIds()}>
                  {(id) => (
                    <Show when={app.live.model(id)}>
                      {(model) => <ActiveModel model={model()} onOpen={() => open(id)} />}
                    </Show>
                  )}
                </For>
              </ul>
              <Show when={hiddenFailures() > 0}>
                <div>
                  <Button size="small" variant="quiet" onPress={() => setAllActive(true)}>
                    Show {plural(hiddenFailures(), 'more failed model')}
                  </Button>
                </div>
              </Show>
            </section>
          </Show>
          <section class="page__section fades" aria-labelledby="library-heading">
            <h2 id="library-heading" class="visually-hidden">
              All models
            </h2>
            <Toolbar
              query={query()}
              counts={result().counts}
              onChange={change}
              selecting={selection.selecting()}
              onSelecting={selection.setSelecting}
            />
            <Show when={selection.selecting()}>
              <BulkBar selection={selection} shown={ids()} />
            </Show>
            <div>
              <Show
                when={ids().length > 0}
                fallback={
                  <EmptyState
                    title="Nothing matches"
                    actions={<Button onPress={() => change({ text: '', filter: 'all' })}>Show all models</Button>}
                  >
                    <p>No model fits this search and this state.</p>
                  </EmptyState>
                }
              >
                <LibraryList
                  ids={ids()}
                  sort={query().sort}
                  descending={query().descending}
                  onSort={sortBy}
                  onOpen={open}
                  selection={selection}
                />
              </Show>
            </div>
          </section>
        </Match>
      </Switch>
      <Show when={app.live.ready() && adding()}>
        {(way) => (
          <AddDialog way={way()} source={source()} onWay={add} onSource={ask} onMade={made} onClose={() => add(null)} />
        )}
      </Show>
      <Show when={app.live.ready() && opened()} keyed>
        {(id) => <DetailsDrawer id={id} onClose={() => open(null)} />}
      </Show>
    </Page>
  );
};

export default ModelsPage;
