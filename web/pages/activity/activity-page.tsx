import { useSearchParams } from '@solidjs/router';
import { createMemo, createResource, createSignal, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ActivityView } from '../../../src/contracts/activity.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Segmented, Select } from '../../kit/field.tsx';
import { Menu } from '../../kit/menu.tsx';
import { Page } from '../../kit/page.tsx';
import { datedName, saveFile } from '../../kit/save-file.ts';
import { Unreachable } from '../../shell/unreachable.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { MonitoringTabs } from '../monitoring/tabs.tsx';
import { RequestDialog } from './request-dialog.tsx';
import { RequestList } from './request-list.tsx';
import { createRequestStore } from './request-store.ts';
import { isOutcome } from './request-words.ts';
import type { Outcome, RequestFilter } from './request-words.ts';
import { RunningCard } from './running-card.tsx';
import { SummaryCard } from './summary-card.tsx';
import './activity.css';

const OUTCOMES: readonly { value: Outcome; label: string }[] = [
  { value: 'all', label: 'All' },
  { value: 'ok', label: 'Answered' },
  { value: 'error', label: 'Failed' },
  { value: 'cancelled', label: 'Left' },
];

const EVERYTHING: RequestFilter = { outcome: 'all', model: '', key: '' };
const sameFilter = (a: RequestFilter, b: RequestFilter): boolean =>
  a.outcome === b.outcome && a.model === b.model && a.key === b.key;

const ActivityPage = (): JSX.Element => {
  const app = useApp();
  const [params, setParams] = useSearchParams<{ status?: string; model?: string; key?: string }>();
  const filter = createMemo<RequestFilter>(
    () => ({
      outcome: isOutcome(params.status) ? params.status : 'all',
      model: params.model ?? '',
      key: params.key ?? '',
    }),
    EVERYTHING,
    { equals: sameFilter },
  );
  const change = (part: Partial<RequestFilter>): void => {
    const next = { ...filter(), ...part };
    setParams(
      { status: next.outcome === 'all' ? null : next.outcome, model: next.model || null, key: next.key || null },
      { replace: true },
    );
  };
  const store = createRequestStore(app, () => filter());
  const [opened, setOpened] = createSignal<ActivityView | null>(null);
  const nameOf = (modelId: string | null): string => {
    if (modelId === null) return 'No such model';
    const model = app.live.model(modelId);
    return model === undefined ? modelId : displayName(model);
  };
  const models = createMemo(() => [
    { value: '', label: 'Every model' },
    ...[...new Set([...app.live.ids(), ...(filter().model === '' ? [] : [filter().model])])]
      .map((value) => ({ value, label: nameOf(value) }))
      .sort((a, b) => (a.label < b.label ? -1 : 1)),
  ]);
  // Whoever may only observe may not list keys: then those that were seen are what there is to choose from.
  const [known] = createResource(
    () => app.live.connection().connected,
    async () => (await app.client.request('keys:list', {})).keys.map(({ name }) => name),
  );
  const keys = createMemo(() => {
    const seen = store.rows().flatMap(({ key }) => key ?? []);
    const names = new Set([...(answerOf(known) ?? []), ...seen]);
    if (filter().key !== '') names.add(filter().key);
    return [{ value: '', label: 'Every key' }, ...[...names].sort().map((name) => ({ value: name, label: name }))];
  });
  const narrowed = (): boolean => filter().outcome !== 'all' || filter().model !== '' || filter().key !== '';

  return (
    <Page
      title="Monitoring"
      summary="What was asked, how it ended and how long it took."
      actions={
        <>
          <MonitoringTabs />
          <Menu
            label="More for the requests"
            items={[
              {
                label: 'Export as JSON',
                icon: 'download',
                onPress: () =>
                  saveFile(datedName('requests', 'json'), 'application/json', JSON.stringify(store.rows(), null, 2)),
              },
            ]}
          />
        </>
      }
    >
      <Show when={app.live.ready() || app.live.connection().phase !== 'offline'} fallback={<Unreachable />}>
        <RunningCard nameOf={nameOf} />
        <SummaryCard nameOf={nameOf} />
        <section class="page__section" aria-labelledby="requests-heading">
          <div class="request-tools">
            <h2 id="requests-heading" class="card__title">
              Finished
            </h2>
            <Segmented
              label="How it ended"
              value={filter().outcome}
              choices={OUTCOMES}
              onChange={(outcome) => change({ outcome })}
            />
            <Select label="Model" value={filter().model} choices={models()} onChange={(model) => change({ model })} />
            <Show when={keys().length > 1}>
              <Select label="Key" value={filter().key} choices={keys()} onChange={(key) => change({ key })} />
            </Show>
          </div>
          <Switch
            fallback={
              <RequestList
                rows={store.rows()}
                more={store.more()}
                loading={store.loading()}
                onOlder={store.older}
                onOpen={setOpened}
                nameOf={nameOf}
              />
            }
          >
            <Match when={store.problem() !== null && store.rows().length === 0}>
              <EmptyState
                title="The requests could not be fetched"
                actions={<Button onPress={store.again}>Try again</Button>}
              >
                <p>{store.problem()}</p>
              </EmptyState>
            </Match>
            <Match when={store.rows().length === 0 && store.loading()}>
              <div class="requests requests--waiting" role="status" aria-label="Fetching the requests" />
            </Match>
            <Match when={store.rows().length === 0 && narrowed()}>
              <EmptyState
                title="Nothing matches"
                actions={<Button onPress={() => change(EVERYTHING)}>Show all requests</Button>}
              >
                <p>No request that is kept ended like this, for this model and key.</p>
              </EmptyState>
            </Match>
            <Match when={store.rows().length === 0}>
              <EmptyState title="Nothing was asked yet">
                <p>
                  Every request to a model shows here when it is over: from the chat, from curl, from your programs.
                </p>
              </EmptyState>
            </Match>
          </Switch>
        </section>
      </Show>
      <Show when={opened()} keyed>
        {(request) => (
          <RequestDialog request={request} name={nameOf(request.modelId)} onClose={() => setOpened(null)} />
        )}
      </Show>
    </Page>
  );
};

export default ActivityPage;
