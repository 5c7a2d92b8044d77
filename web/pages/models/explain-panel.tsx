import { createMemo, createResource, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ExplainView } from '../../../src/contracts/commands.ts';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { bytes, exactBytes } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { Meter } from '../../kit/progress-bar.tsx';
import { answerOf } from '../../state/answer.ts';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { ExplainParts } from './explain-parts.tsx';

const VERDICTS = {
  fits: { tone: 'loaded', text: 'It fits' },
  evicts: { tone: 'stopping', text: 'Others make room' },
  waits: { tone: 'stopping', text: 'It has to wait' },
  refused: { tone: 'error', text: 'It does not fit' },
  loaded: { tone: 'neutral', text: 'Already loaded' },
} as const;

/** The dry run: what would happen if this model were loaded now. */
export const ExplainPanel = (props: { model: ModelView }): JSX.Element => {
  const app = useApp();
  // Asked again whenever some model took or gave back memory: an old answer would be a wrong one.
  const states = createMemo(() =>
    app.live
      .models()
      .map((model) => `${model.id}:${model.state}`)
      .join('\n'),
  );
  const source = (): { id: string; states: string } | false => app.isLive() && { id: props.model.id, states: states() };
  const [answer, { refetch }] = createResource(source, async ({ id }) => {
    const result = await app.client.request('placement:explain', { modelId: id });
    return result.explanation;
  });
  const explanation = (): ExplainView | undefined => answerOf(answer);
  const nameOf = (id: string): string => {
    const model = app.live.model(id);
    return model === undefined ? id : displayName(model);
  };

  return (
    <section class="explain" aria-label="What would happen if it were loaded now">
      <header class="explain__head">
        <h3 class="drawer__heading">If you load it now</h3>
        <Show when={explanation()}>
          {(view) => <Badge tone={VERDICTS[view().verdict].tone}>{VERDICTS[view().verdict].text}</Badge>}
        </Show>
      </header>
      <Switch fallback={<p class="explain__text">Working it out…</p>}>
        <Match when={answer.error as unknown}>
          {(error) => (
            <div class="explain__failed">
              <p class="explain__text">{messageOf(error())}</p>
              <Button size="small" onPress={() => refetch()}>
                Ask again
              </Button>
            </div>
          )}
        </Match>
        <Match when={explanation()}>
          {(view) => (
            <>
              <p class="explain__text">{view().reason}</p>
              <Show when={view().requiredBytes > 0}>
                <Meter
                  value={view().requiredBytes}
                  max={Math.max(view().availableBytes, view().requiredBytes)}
                  label="Memory it needs"
                  text={`${bytes(view().requiredBytes)} of ${bytes(view().availableBytes)} available`}
                />
                <p class="explain__amounts">
                  <span data-tip={exactBytes(view().requiredBytes)}>needs {bytes(view().requiredBytes)}</span>
                  <span data-tip={exactBytes(view().availableBytes)}>{bytes(view().availableBytes)} available</span>
                </p>
              </Show>
              <ExplainParts view={view()} nameOf={nameOf} />
            </>
          )}
        </Match>
        <Match when={!app.isLive()}>
          <p class="explain__text">Not connected, so nothing can be said about it.</p>
        </Match>
      </Switch>
    </section>
  );
};
