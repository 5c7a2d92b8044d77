/** The form that has something made; its fields come from the tool's own declaration. */
import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import { createStore, reconcile } from 'solid-js/store';
import type { JSX } from 'solid-js';
import type { MediaParamValue, MediaToolView } from '../../../src/contracts/media.ts';
import { Button } from '../../kit/button.tsx';
import { Select } from '../../kit/field.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { messageOf } from '../../state/toasts.ts';
import { InputPicker } from './input-picker.tsx';
import type { MediaStore } from './media-store.ts';
import { initialOf, ParamField } from './param-field.tsx';
import type { ParamInput } from './param-field.tsx';

/** What is to be made, when another part of the page says so. */
export interface Draft {
  tool: string;
  prompt: string;
  input: string | null;
  params: Readonly<Record<string, MediaParamValue>>;
}

const numberOr = (text: string): MediaParamValue => {
  const number = Number(text.trim().replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(number) ? text : number;
};

/** The values as the server takes them: empty fields are left out, numbers are numbers where they can be. */
const sent = (tool: MediaToolView, values: Readonly<Record<string, ParamInput>>): Record<string, MediaParamValue> =>
  Object.fromEntries(
    tool.params.flatMap((param) => {
      const value = values[param.name] ?? '';
      if (value === '') return [];
      const isNumber = param.type === 'integer' || param.type === 'number';
      return [[param.name, isNumber && typeof value === 'string' ? numberOr(value) : value]];
    }),
  );

const possible = (count: number, more: string): string =>
  count === 1 ? `One ${more}tool is possible` : `${String(count)} ${more}tools are possible`;

export const Maker = (props: { store: MediaStore; draft: Draft | null }): JSX.Element => {
  const app = useApp();
  const [chosen, setChosen] = createSignal<string | null>(null);
  const [prompt, setPrompt] = createSignal('');
  const [input, setInput] = createSignal<string | null>(null);
  const [values, setValues] = createStore<Record<string, ParamInput>>({});
  const [problem, setProblem] = createSignal<string | null>(null);
  const available = (): MediaToolView[] => props.store.tools().filter((tool) => tool.available);
  const missing = (): MediaToolView[] => props.store.tools().filter((tool) => !tool.available);
  const tool = createMemo((): MediaToolView | undefined => {
    const tools = available();
    // On the first day there is nothing to work on.
    const atOnce = props.store.gallery().length > 0 ? undefined : tools.find((each) => each.input !== 'required');
    return tools.find(({ name }) => name === chosen()) ?? atOnce ?? tools[0];
  });

  const fill = (next: MediaToolView, given: Draft['params'] = {}): void => {
    const fields = next.params.map((param) => {
      const value = given[param.name];
      return [param.name, value === undefined ? initialOf(param) : typeof value === 'boolean' ? value : String(value)];
    });
    setValues(reconcile(Object.fromEntries(fields) as Record<string, ParamInput>));
    setProblem(null);
  };
  createEffect(
    on(
      () => tool()?.name,
      () => {
        const next = tool();
        if (next !== undefined && props.draft?.tool !== next.name) fill(next);
      },
    ),
  );
  createEffect(
    on(
      () => props.draft,
      (draft) => {
        if (draft === null) return;
        setChosen(draft.tool);
        setPrompt(draft.prompt);
        setInput(draft.input);
        const next = available().find(({ name }) => name === draft.tool);
        if (next !== undefined) fill(next, draft.params);
      },
    ),
  );

  const usable = (): string | null => {
    const held = input();
    const media = held === null ? undefined : props.store.find(held);
    const fits = media?.kind != null && tool()?.accepts.includes(media.kind) === true;
    return fits ? held : null;
  };
  const lacks = (): string | null => {
    const { prompt: needsPrompt, input: needsInput } = tool() ?? {};
    if (app.blocked() !== null) return app.blocked();
    if (needsInput === 'required' && usable() === null) return 'Choose or upload what it is made of';
    return needsPrompt === 'required' && prompt().trim() === '' ? 'Say what it should be' : null;
  };
  /** The field that a refusal speaks of. */
  const problemOf = (name: string): string | null =>
    problem()?.includes(`parameter "${name}"`) === true ? problem() : null;
  const general = (): string | null =>
    tool()?.params.some(({ name }) => problemOf(name) !== null) === true ? null : problem();

  const make = async (): Promise<void> => {
    const now = tool();
    if (now === undefined) return;
    setProblem(null);
    const from = now.input === 'none' ? null : usable();
    try {
      const { media } = await app.client.request('media:generate', {
        tool: now.name,
        params: sent(now, values),
        ...(now.prompt === 'none' || prompt().trim() === '' ? {} : { prompt: prompt() }),
        ...(from === null ? {} : { input: from }),
      });
      props.store.put(media);
    } catch (error) {
      setProblem(messageOf(error));
    }
  };

  return (
    <Card title="Make something" class="maker">
      <Show
        when={tool()}
        fallback={<p class="maker__none">No tool was found on the machine that Llamactor runs on.</p>}
      >
        {(now) => (
          <form
            class="maker__form"
            onSubmit={(event) => {
              event.preventDefault();
              if (lacks() === null) void make();
            }}
          >
            <div class="labelled">
              <label class="labelled__label" for="media-tool">
                What
              </label>
              <Select
                id="media-tool"
                label="What"
                value={now().name}
                choices={available().map(({ name, title }) => ({ value: name, label: title }))}
                onChange={setChosen}
              />
              <span class="labelled__help">{now().description}</span>
            </div>
            <Show when={now().prompt !== 'none'}>
              <label class="labelled">
                <span class="labelled__label">What it should be</span>
                <textarea
                  class="input"
                  rows="3"
                  placeholder="A llama in the mountains, in the morning light"
                  value={prompt()}
                  onInput={(event) => setPrompt(event.currentTarget.value)}
                />
              </label>
            </Show>
            <Show when={now().input !== 'none'}>
              <InputPicker store={props.store} tool={now()} value={usable()} onChange={setInput} />
            </Show>
            <div class="maker__params">
              <For each={now().params}>
                {(param) => (
                  <ParamField
                    param={param}
                    value={values[param.name] ?? initialOf(param)}
                    problem={problemOf(param.name)}
                    onChange={(value) => setValues(param.name, value)}
                  />
                )}
              </For>
            </div>
            <Show when={general()}>
              {(words) => (
                <p class="media-field__problem" role="alert">
                  {words()}
                </p>
              )}
            </Show>
            <Button variant="primary" icon="bolt" disabledReason={lacks()} onPress={make}>
              Make it
            </Button>
          </form>
        )}
      </Show>
      <Show when={missing().length > 0}>
        <details class="maker__missing" open={available().length === 0}>
          <summary>{possible(missing().length, available().length > 0 ? 'more ' : '')}</summary>
          <ul>
            <For each={missing()}>
              {(each) => (
                <li>
                  <strong>{each.title}</strong> {each.problem}
                </li>
              )}
            </For>
          </ul>
        </details>
      </Show>
    </Card>
  );
};

/** For a button that fills the form: names of the fields, so that nothing hidden is sent. */
export const draftOf = (media: {
  tool: string | null;
  prompt: string | null;
  input: string | null;
  params: Draft['params'];
}): Draft | null =>
  media.tool === null
    ? null
    : { tool: media.tool, prompt: media.prompt ?? '', input: media.input, params: media.params };
