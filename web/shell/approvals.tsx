/** The tray of questions that wait for this person, on every page. */
import { A, useLocation } from '@solidjs/router';
import { createMemo, createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ApprovalView } from '../../src/contracts/approvals.ts';
import { plural } from '../format/numbers.ts';
import { Icon } from '../kit/icons.tsx';
import { withoutBase } from '../net/base.ts';
import { useApp } from '../state/app.tsx';
import { ApprovalQuestion } from './approval-question.tsx';
import './approvals.css';

/** Leads to the session that asks; one that only a script has named has no page. */
const Place = (props: { approval: ApprovalView }): JSX.Element => (
  <Show when={props.approval.asker.startsWith('the session ') ? props.approval.session : null}>
    {(session) => (
      <A class="quiet-link" href={`/sessions/${encodeURIComponent(session())}`}>
        Show the session
      </A>
    )}
  </Show>
);

const ApprovalTray = (): JSX.Element => {
  const app = useApp();
  const location = useLocation();
  /** The page of a session shows its own questions. */
  const waiting = createMemo(() => {
    const here = withoutBase(location.pathname);
    return app.approvals.waiting().filter(({ session }) => session === null || here !== `/sessions/${session}`);
  });
  const [folded, setFolded] = createSignal(false);
  const count = (): number => waiting().length;
  return (
    <Show when={count() > 0}>
      <section class="approvals" aria-label="Waiting for your answer">
        <button
          type="button"
          class="approvals__head"
          aria-expanded={!folded()}
          aria-controls="approvals-list"
          onClick={() => setFolded(!folded())}
        >
          <Icon name="alert" size={16} />
          <span role="status">{plural(count(), 'question')} for you</span>
          <Icon name="chevron" size={14} />
        </button>
        <ul id="approvals-list" class="approvals__list" hidden={folded()}>
          <For each={waiting()}>
            {(approval) => (
              <li>
                <ApprovalQuestion approval={approval} place={<Place approval={approval} />} />
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
};

export default ApprovalTray;
