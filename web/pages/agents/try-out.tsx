import { createSignal, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { Markdown } from '../chat/markdown.tsx';
import { chatModels, usualModel } from '../chat/models.ts';
import { apiMessages } from '../chat/requests.ts';
import { statsText } from '../chat/stats-text.ts';
import { streamChat } from '../chat/stream.ts';
import { NO_SAMPLING } from '../chat/types.ts';
import type { AnswerStats } from '../chat/types.ts';
import type { Draft } from './draft.ts';

const numberOf = (text: string): number | null => (text.trim() === '' ? null : Number(text));

/** Asks the agent as it stands in the form, saved or not; nothing of it is kept. */
export const TryOut = (props: { draft: Draft; disabledReason: string | null }): JSX.Element => {
  const app = useApp();
  const [question, setQuestion] = createSignal('Who are you, and what can you do for me?');
  const [answer, setAnswer] = createSignal<{ content: string; reasoning: string } | null>(null);
  const [stats, setStats] = createSignal<AnswerStats | null>(null);
  const [cause, setCause] = createSignal<string | null>(null);
  const [running, setRunning] = createSignal<AbortController | null>(null);
  const model = () => usualModel(chatModels(app.live.models()), props.draft.model || null, null);
  const why = (): string | null =>
    props.disabledReason ??
    app.blocked() ??
    (model() === null ? 'There is no model to answer' : question().trim() === '' ? 'Ask something first' : null);
  onCleanup(() => running()?.abort());

  const ask = async (): Promise<void> => {
    const chosen = model();
    if (chosen === null || why() !== null) return;
    const cancel = new AbortController();
    const { systemPrompt, temperature, topP, maxTokens } = props.draft;
    setRunning(cancel);
    setAnswer({ content: '', reasoning: '' });
    setStats(null);
    setCause(null);
    try {
      const asked = {
        id: 'question',
        role: 'user' as const,
        content: question().trim(),
        images: [],
        files: [],
        sounds: [],
        reasoning: '',
        model: null,
        at: Date.now(),
        error: null,
        stopped: false,
        stats: null,
      };
      const measured = await streamChat(
        {
          model: chosen.id,
          messages: apiMessages(systemPrompt, [asked]),
          sampling: {
            ...NO_SAMPLING,
            temperature: numberOf(temperature),
            top_p: numberOf(topP),
            max_tokens: numberOf(maxTokens),
          },
          signal: cancel.signal,
        },
        (delta) =>
          setAnswer((held) => ({
            content: (held?.content ?? '') + delta.content,
            reasoning: (held?.reasoning ?? '') + delta.reasoning,
          })),
      );
      setStats(measured);
    } catch (error) {
      if (!cancel.signal.aborted) setCause(messageOf(error));
    } finally {
      setRunning(null);
    }
  };

  return (
    <Card title="Try it out" class="try-out" aside={model() === null ? undefined : displayName(model() as never)}>
      <label class="labelled">
        <span class="labelled__label">Message</span>
        <textarea
          class="input"
          rows="2"
          value={question()}
          onInput={(event) => setQuestion(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            void ask();
          }}
        />
      </label>
      <div class="try-out__actions">
        <Show
          when={running()}
          fallback={
            <Button variant="primary" disabledReason={why()} onPress={ask}>
              Ask
            </Button>
          }
        >
          {(cancel) => (
            <Button icon="stop" onPress={() => cancel().abort()}>
              Stop
            </Button>
          )}
        </Show>
        <span class="labelled__help">Uses the form as it stands, saved or not.</span>
      </div>
      <div class="try-out__answer" role="log" aria-label="Answer" aria-busy={running() === null ? undefined : 'true'}>
        <Show when={answer()}>
          {(written) => (
            <>
              <Show when={written().reasoning !== ''}>
                <details class="reasoning" open={written().content === ''}>
                  <summary>
                    <Icon name="chevron" size={14} />
                    Thoughts
                  </summary>
                  <p>{written().reasoning}</p>
                </details>
              </Show>
              <Show
                when={written().content !== ''}
                fallback={
                  <Show when={running() !== null && written().reasoning === ''}>
                    <span class="typing" role="img" aria-label="Waiting for the first word" />
                  </Show>
                }
              >
                <Markdown text={written().content} />
              </Show>
            </>
          )}
        </Show>
        <Show when={cause()}>
          {(text) => (
            <p class="said__failure" role="alert">
              <Icon name="alert" size={16} />
              {text()}
            </p>
          )}
        </Show>
        <Show when={stats()}>{(measured) => <p class="message__stats">{statsText(measured())}</p>}</Show>
      </div>
    </Card>
  );
};
