import { A, useNavigate } from '@solidjs/router';
import { createResource, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { hasRunEnded } from '../../../src/contracts/runs.ts';
import type { RunPieceView, RunView } from '../../../src/contracts/runs.ts';
import { bytes, grouped } from '../../format/numbers.ts';
import { Badge } from '../../kit/badge.tsx';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { Menu } from '../../kit/menu.tsx';
import { saveFile } from '../../kit/save-file.ts';
import { useApp } from '../../state/app.tsx';
import { RunOutput } from './run-output.tsx';
import { cost, STATE_TONES, stateWords, tookOf } from './run-words.ts';

const factsOf = (run: RunView, now: number): [string, string][] => {
  const { usage } = run;
  const facts: [string, string | null][] = [
    ['Command', run.tool],
    ['Model', run.answeredBy ?? run.model],
    ['Took', tookOf(run, now)],
    ['Tokens', usage === null ? null : `${grouped(usage.inputTokens)} in, ${grouped(usage.outputTokens)} out`],
    ['Cost', run.costUsd === null ? null : cost(run.costUsd)],
    ['Output', run.finishedAt === null ? null : `${bytes(run.outputBytes)}${run.truncated ? ', cut there' : ''}`],
    ['Exit code', run.exitCode === null || run.exitCode === 0 ? null : String(run.exitCode)],
    ['Process', run.pid === null ? null : String(run.pid)],
    ['Folder', run.cwd],
  ];
  return facts.filter((fact): fact is [string, string] => fact[1] !== null);
};

/** One run: what it is, what it writes, and what can be done with it. */
export const RunDetail = (props: { run: RunView }): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const ended = (): boolean => hasRunEnded(props.run.state);
  const [asked] = createResource(
    () => props.run.id,
    (id) => app.client.request('runs:get', { id }).then((result) => result.prompt),
  );
  const prompt = (): string => (asked.error === undefined ? (asked() ?? props.run.title) : props.run.title);

  const whole = async (): Promise<string> => {
    const pieces: RunPieceView[] = [];
    for (let from = 0, more = true; more;) {
      const part = await app.client.request('runs:output', { id: props.run.id, from });
      pieces.push(...part.pieces);
      ({ next: from, more } = part);
    }
    return pieces.map(({ text }) => text).join('');
  };
  const save = async (): Promise<void> => {
    const name = `run-${props.run.id.slice(0, 8)}.txt`;
    saveFile(name, 'text/plain', await whole());
  };
  const failing = (title: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => app.toasts.failure(title, error));
  };
  const remove = async (): Promise<void> => {
    const yes = await app.confirm.ask({
      title: 'Forget this run?',
      body: 'Its record, its output and the folder of its own are deleted.',
      confirm: 'Forget',
    });
    if (!yes) return;
    await app.client.request('runs:remove', { id: props.run.id });
    navigate('/runs');
  };
  const again = async (): Promise<void> => {
    const { tool, model, cwd } = props.run;
    const allowed = app.slices.config()?.['runs.directories'].some((folder) => cwd.startsWith(folder)) === true;
    const { run } = await app.client.request('runs:start', {
      prompt: prompt(),
      tool,
      ...(model === null ? {} : { model }),
      ...(allowed ? { cwd } : {}),
    });
    navigate(`/runs/${run.id}`);
  };

  return (
    <article class="run card" aria-label={`Run: ${props.run.title}`}>
      <header class="run__head">
        <A class="run__back quiet-link" href="/runs">
          All runs
        </A>
        <h2 class="run__title">{props.run.title}</h2>
        <div class="run__actions">
          <Badge tone={STATE_TONES[props.run.state]}>{stateWords(props.run)}</Badge>
          <Show when={props.run.activity}>{(words) => <span class="run__activity">{words()}</span>}</Show>
          <span class="run__space" />
          <Show
            when={ended()}
            fallback={
              <Button
                variant="danger"
                size="small"
                icon="stop"
                failure="The run was not cancelled"
                disabledReason={app.blocked()}
                onPress={() => app.client.request('runs:cancel', { id: props.run.id })}
              >
                Cancel
              </Button>
            }
          >
            <Button
              size="small"
              icon="refresh"
              failure="The run was not started"
              disabledReason={app.blocked()}
              onPress={again}
            >
              Run again
            </Button>
          </Show>
          <Menu
            label="More for this run"
            items={[
              {
                label: 'Save the output',
                icon: 'download',
                onPress: () => failing('The output was not saved', save()),
              },
              ...(ended()
                ? [
                    {
                      label: 'Forget this run',
                      icon: 'trash' as const,
                      onPress: () => failing('The run was not forgotten', remove()),
                    },
                  ]
                : []),
            ]}
          />
        </div>
      </header>
      <Show when={props.run.error}>
        {(error) => (
          <p class="run__error" role="alert">
            {error()}
          </p>
        )}
      </Show>
      <RunOutput id={props.run.id} ended={ended()} />
      <details class="run__prompt">
        <summary>Prompt, {grouped(props.run.promptLength)} characters</summary>
        <div class="run__prompt-text">
          <pre tabindex="0">{prompt()}</pre>
          <CopyButton
            text={prompt()}
            label="Copy the prompt"
            onFailure={(error) => app.toasts.failure('The prompt was not copied', error)}
          />
        </div>
      </details>
      <dl class="run__facts">
        <For each={factsOf(props.run, app.now())}>
          {([name, value]) => (
            <div>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          )}
        </For>
      </dl>
    </article>
  );
};
