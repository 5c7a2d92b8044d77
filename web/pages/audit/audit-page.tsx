import { A, useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, For, Match, on, onCleanup, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { AUDIT_ACTS } from '../../../src/contracts/approvals.ts';
import type { AllowanceView, AuditEntryView } from '../../../src/contracts/approvals.ts';
import { Badge } from '../../kit/badge.tsx';
import type { Tone } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Select } from '../../kit/field.tsx';
import { Moment } from '../../kit/moment.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { datedName, saveFile } from '../../kit/save-file.ts';
import { SearchField } from '../../kit/search-field.tsx';
import { plural } from '../../format/numbers.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { filterEntries, isAct } from './filter.ts';
import type { AuditFilter } from './filter.ts';
import './audit.css';

const PAGE_SIZE = 100;
const EXPORT_SIZE = 500;

const ACTS: Record<AuditEntryView['act'], { word: string; tone: Tone }> = {
  asked: { word: 'Asked', tone: 'loading' },
  approved: { word: 'Approved', tone: 'loaded' },
  rejected: { word: 'Rejected', tone: 'error' },
  timed_out: { word: 'Timed out', tone: 'stopping' },
  cancelled: { word: 'Cancelled', tone: 'unloaded' },
  revoked: { word: 'Revoked', tone: 'unloaded' },
};

/** A session by its title, with a link to it, where it is one of a browser; the name that a script gave it otherwise. */
const SessionName = (props: { id: string; titles: ReadonlyMap<string, string> }): JSX.Element => (
  <Show when={props.titles.get(props.id)} fallback={<>session {props.id}</>}>
    {(title) => (
      <A class="quiet-link" href={`/sessions/${encodeURIComponent(props.id)}`}>
        {title()}
      </A>
    )}
  </Show>
);

const Entry = (props: { entry: AuditEntryView; titles: ReadonlyMap<string, string> }): JSX.Element => {
  /** The session that asked is named by its link. */
  const asksItself = (): boolean => props.entry.act === 'asked' && props.titles.has(props.entry.session ?? '');
  return (
    <li class="audit__entry">
      <Badge tone={ACTS[props.entry.act].tone}>
        {ACTS[props.entry.act].word}
        {props.entry.answer === 'always' ? ' always' : ''}
      </Badge>
      <div class="audit__words">
        <strong>{props.entry.title}</strong>
        <Show when={props.entry.why}>
          <span class="audit__why">{props.entry.why}</span>
        </Show>
        <span class="audit__facts">
          <Show when={!asksItself()}>
            {props.entry.who === null ? 'Nobody' : props.entry.who}
            <Show when={props.entry.session}>{' · '}</Show>
          </Show>
          <Show when={props.entry.session}>{(session) => <SessionName id={session()} titles={props.titles} />}</Show>
        </span>
      </div>
      <span class="audit__when">
        <Moment at={props.entry.at} />
      </span>
    </li>
  );
};

const AuditPage = (): JSX.Element => {
  const app = useApp();
  const [entries, setEntries] = createSignal<readonly AuditEntryView[] | null>(null);
  const [allowances, setAllowances] = createSignal<readonly AllowanceView[]>([]);
  const [more, setMore] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
  const [titles, setTitles] = createSignal<ReadonlyMap<string, string>>(new Map());
  const [params, setParams] = useSearchParams<{ q?: string; act?: string; session?: string }>();
  const filter = createMemo<AuditFilter>(() => ({
    text: params.q ?? '',
    act: isAct(params.act) ? params.act : null,
    session: params.session ?? null,
  }));
  const change = (part: Partial<AuditFilter>): void => {
    const { text, act, session } = { ...filter(), ...part };
    setParams({ q: text || null, act, session }, { replace: true });
  };
  const isFiltered = (): boolean => filter().text !== '' || filter().act !== null || filter().session !== null;
  const shown = createMemo(() => filterEntries(entries() ?? [], filter(), titles()));
  const sessionChoices = createMemo(() => {
    const known = new Set((entries() ?? []).flatMap(({ session }) => session ?? []));
    const { session } = filter();
    if (session !== null) known.add(session);
    return [
      { value: '', label: 'Every session' },
      ...[...known].map((id) => ({ value: id, label: titles().get(id) ?? id })),
    ];
  });
  let asked = 0;

  /** The newest page again; what was unfolded beyond it is asked for anew by the person. */
  const refresh = async (): Promise<void> => {
    const mine = (asked += 1);
    try {
      const [audit, list] = await Promise.all([
        app.client.request('audit:list', { limit: PAGE_SIZE }),
        app.client.request('approvals:list', { limit: 1 }),
      ]);
      if (mine !== asked) return;
      setProblem(null);
      setEntries(audit.entries);
      setMore(audit.more);
      setAllowances(list.allowances);
    } catch (error) {
      if (mine === asked && app.isLive()) setProblem(messageOf(error));
    }
  };
  const older = async (): Promise<void> => {
    const last = entries()?.at(-1);
    if (last === undefined) return;
    const mine = asked;
    const page = await app.client.request('audit:list', { limit: PAGE_SIZE, before: last.id });
    if (mine !== asked) return;
    setEntries((held) => [...(held ?? []), ...page.entries]);
    setMore(page.more);
  };
  /** The titles of sessions; the log is there without them as well. */
  const fetchTitles = (): void => {
    app.client.request('sessions:list', { limit: 500 }).then(
      ({ sessions }) => setTitles(new Map(sessions.map(({ id, title }) => [id, title]))),
      () => undefined,
    );
  };
  /** All of the log that the filter lets through, also what is not shown yet. */
  const save = async (): Promise<void> => {
    const all: AuditEntryView[] = [];
    for (let before: string | undefined, again = true; again;) {
      const page = await app.client.request('audit:list', {
        limit: EXPORT_SIZE,
        ...(before === undefined ? {} : { before }),
      });
      all.push(...page.entries);
      before = page.entries.at(-1)?.id;
      again = page.more && before !== undefined;
    }
    const kept = filterEntries(all, filter(), titles());
    saveFile(datedName('audit', 'json'), 'application/json', `${JSON.stringify(kept, null, 2)}\n`);
  };
  const revoke = async (id: string): Promise<void> => {
    await app.client.request('approvals:revoke', { id });
    await refresh();
  };
  createEffect(
    on(
      () => app.isLive(),
      (live) => {
        if (!live) return;
        void refresh();
        fetchTitles();
      },
    ),
  );
  onCleanup(app.approvals.onChange(() => void refresh()));

  return (
    <Page
      title="Audit"
      summary="Who asked, who decided, when and why"
      actions={
        <Show when={(entries()?.length ?? 0) > 0}>
          <Button icon="download" failure="The log was not saved" disabledReason={app.blocked()} onPress={save}>
            Save as JSON
          </Button>
        </Show>
      }
    >
      <Show when={allowances().length > 0}>
        <Card title="Allowed for a session">
          <ul class="audit__list">
            <For each={allowances()}>
              {(allowance) => (
                <li class="audit__entry">
                  <Badge tone="loaded">Always</Badge>
                  <div class="audit__words">
                    <strong>{allowance.rule}</strong>
                    <span class="audit__facts">
                      <SessionName id={allowance.session} titles={titles()} /> · {allowance.grantedBy},{' '}
                      <Moment at={allowance.grantedAt} />
                    </span>
                  </div>
                  <Button
                    size="small"
                    label={`Revoke ${allowance.rule} in ${allowance.session}`}
                    failure="It was not revoked"
                    disabledReason={app.blocked()}
                    onPress={() => revoke(allowance.id)}
                  >
                    Revoke
                  </Button>
                </li>
              )}
            </For>
          </ul>
        </Card>
      </Show>
      <Switch>
        <Match when={problem()}>
          {(words) => (
            <EmptyState title="The audit log could not be read" actions={<Button onPress={refresh}>Try again</Button>}>
              <p>{words()}</p>
            </EmptyState>
          )}
        </Match>
        <Match when={entries()?.length === 0}>
          <EmptyState title="Nobody has asked for anything yet">
            <p>
              Scripts and agents ask before they do something that matters, and every answer is kept here. Try it:{' '}
              <code>llamactor approve request --title "Deploy" --wait</code>
            </p>
          </EmptyState>
        </Match>
        <Match when={entries()}>
          {(list) => (
            <Card
              title="Decisions"
              aside={
                <Show when={isFiltered()}>
                  {plural(shown().length, 'entry', 'entries')} of the newest {list().length}
                </Show>
              }
            >
              <div class="audit__filter">
                <SearchField label="Search the log" value={filter().text} onInput={(text) => change({ text })} />
                <Select
                  label="What happened"
                  value={filter().act ?? ''}
                  choices={[
                    { value: '', label: 'Everything' },
                    ...AUDIT_ACTS.map((act) => ({ value: act, label: ACTS[act].word })),
                  ]}
                  onChange={(act) => change({ act: isAct(act) ? act : null })}
                />
                <Select
                  label="Session"
                  value={filter().session ?? ''}
                  choices={sessionChoices()}
                  onChange={(session) => change({ session: session === '' ? null : session })}
                />
              </div>
              <Show
                when={shown().length > 0}
                fallback={
                  <p class="audit__none">
                    Nothing here is like that.{' '}
                    <button
                      type="button"
                      class="quiet-link"
                      onClick={() => change({ text: '', act: null, session: null })}
                    >
                      Show everything
                    </button>
                  </p>
                }
              >
                <ul class="audit__list">
                  <For each={shown()}>{(entry) => <Entry entry={entry} titles={titles()} />}</For>
                </ul>
              </Show>
              <Show when={more()}>
                <div class="audit__more">
                  <Button failure="Older entries could not be fetched" onPress={older}>
                    Show older
                  </Button>
                </div>
              </Show>
            </Card>
          )}
        </Match>
      </Switch>
    </Page>
  );
};

export default AuditPage;
