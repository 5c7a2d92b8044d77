import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ToolAction } from '../../../src/contracts/agent-tools.ts';
import { plural } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import type { Tone } from '../../kit/badge.tsx';
import { Icon } from '../../kit/icons.tsx';

const WORDS: Record<ToolAction['status'], { word: string; tone: Tone }> = {
  waiting: { word: 'waits', tone: 'loading' },
  running: { word: 'runs', tone: 'loading' },
  done: { word: 'done', tone: 'loaded' },
  failed: { word: 'failed', tone: 'error' },
  rejected: { word: 'not allowed', tone: 'stopping' },
  denied: { word: 'forbidden', tone: 'stopping' },
  cancelled: { word: 'stopped', tone: 'neutral' },
};

const shown = (value: ToolAction['arguments']): string =>
  typeof value === 'string' ? value : Object.keys(value).length === 0 ? '' : JSON.stringify(value, null, 2);
const took = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${(ms / 1000).toFixed(1)} s`);

/** What an agent did with its tools on the way to its answer. */
export const ToolActions = (props: { actions: readonly ToolAction[] }): JSX.Element => {
  const unhappy = (): number => props.actions.filter(({ status }) => status !== 'done').length;
  return (
    <details class="reasoning tool-actions">
      <summary>
        <Icon name="chevron" size={14} />
        Used {plural(props.actions.length, 'tool')}
        <Show when={unhappy() > 0}>, {unhappy()} without success</Show>
      </summary>
      <ol class="tool-actions__list">
        <For each={props.actions}>
          {(action) => (
            <li class="tool-action">
              <div class="tool-action__head">
                <code class="tool-action__name">{action.name}</code>
                <Badge tone={WORDS[action.status].tone}>{WORDS[action.status].word}</Badge>
                <span>{took(action.tookMs)}</span>
              </div>
              <Show when={shown(action.arguments) !== ''}>
                <pre class="tool-action__text" tabindex="0" aria-label={`Arguments of ${action.name}`}>
                  {shown(action.arguments)}
                </pre>
              </Show>
              <Show when={action.result !== ''}>
                <pre class="tool-action__text" tabindex="0" aria-label={`Result of ${action.name}`}>
                  {action.result}
                </pre>
              </Show>
            </li>
          )}
        </For>
      </ol>
    </details>
  );
};
