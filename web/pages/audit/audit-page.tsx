import { createEffect, createSignal, For, Match, on, onCleanup, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AllowanceView, AuditEntryView } from '../../../src/contracts/approvals.ts';
import { Badge } from '../../kit/badge.tsx';
import type { Tone } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Moment } from '../../kit/moment.tsx';
import { Card, Page } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import './audit.css';

const PAGE_SIZE = 100;

const ACTS: Record<AuditEntryView['act'], { word: string; tone: Tone }> = {
  asked: { word: 'Asked', tone: 'loading' },
  approved: { word: 'Approved', tone: 'loaded' },
  rejected: { word: 'Rejected', tone: 'error' },
  timed_out: { word: 'Timed out', tone: 'stopping' },
  cancelled: { word: 'Cancelled', tone: 'unloaded' },
  revoked: { word: 'Revoked', tone: 'unloaded' },
};

const Entry = (props: { entry: AuditEntryView }): JSX.Element => (
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
        {props.entry.who === null ? 'Nobody' : props.entry.who}
        {props.entry.session === null ? '' : ` · session ${props.entry.session}`}
      </span>
    </div>
    <span class="audit__when">
      <Moment at={props.entry.at} />
    </span>
  </li>
);

const AuditPage = (): JSX.Element => {
  const app = useApp();
  const [entries, setEntries] = createSignal<readonly AuditEntryView[] | null>(null);
  const [allowances, setAllowances] = createSignal<readonly AllowanceView[]>([]);
  const [more, setMore] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);
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
  const revoke = async (id: string): Promise<void> => {
    await app.client.request('approvals:revoke', { id });
    await refresh();
  };
  createEffect(
    on(
      () => app.isLive(),
      (live) => {
        if (live) void refresh();
      },
    ),
  );
  onCleanup(app.approvals.onChange(() => void refresh()));

  return (
    <Page title="Audit" summary="Who asked, who decided, when and why">
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
                      session {allowance.session} · {allowance.grantedBy}, <Moment at={allowance.grantedAt} />
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
            <Card title="Decisions">
              <ul class="audit__list">
                <For each={list()}>{(entry) => <Entry entry={entry} />}</For>
              </ul>
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
