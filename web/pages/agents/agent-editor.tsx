import { createSignal, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView } from '../../../src/contracts/channels.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented, Select } from '../../kit/field.tsx';
import { Card } from '../../kit/page.tsx';
import { useApp } from '../../state/app.tsx';
import { chatModels } from '../chat/models.ts';
import { AgentTools } from './agent-tools.tsx';
import { agentOf, draftOf, faultOf } from './draft.ts';
import type { Draft } from './draft.ts';
import { TryOut } from './try-out.tsx';

const ANSWERS: readonly { value: Draft['answers']; label: string }[] = [
  { value: 'usual', label: 'When asked' },
  { value: 'always', label: 'Always' },
  { value: 'never', label: 'Never' },
];
const ANSWERS_HELP: Record<Draft['answers'], string> = {
  usual: 'Everything in a direct channel; in a group what mentions its name.',
  always: 'Every message of a person, in groups too.',
  never: 'It is there, but says nothing.',
};

/** One agent's form, and a place to try it. A new one is made for each agent. */
export const AgentEditor = (props: {
  agent: AgentView | null;
  onSaved: (agent: AgentView) => void;
  onDelete: () => unknown;
  onTalk: () => unknown;
}): JSX.Element => {
  const app = useApp();
  // The form begins with the agent as it is when it opens.
  const initial = (): Draft => draftOf(props.agent);
  const [draft, setDraft] = createSignal(initial());
  const change = (part: Partial<Draft>): void => void setDraft((held) => ({ ...held, ...part }));
  const fault = () => faultOf(draft());
  const wrong = (field: keyof Draft): string | null => (fault()?.field === field ? (fault()?.reason ?? null) : null);
  const changed = (): boolean => JSON.stringify(draft()) !== JSON.stringify(draftOf(props.agent));
  const models = () => [
    { value: '', label: 'Whichever is loaded' },
    ...chatModels(app.live.models()).map((model) => ({ value: model.id, label: displayName(model) })),
    ...(draft().model !== '' && app.live.model(draft().model) === undefined
      ? [{ value: draft().model, label: `${draft().model} (not here)` }]
      : []),
  ];
  const save = async (): Promise<void> => {
    const { agent } = await app.client.request('agents:save', {
      ...(props.agent === null ? {} : { agentId: props.agent.id }),
      agent: agentOf(draft(), props.agent),
    });
    app.toasts.show({ tone: 'success', title: `${agent.name} is saved` });
    props.onSaved(agent);
  };
  const number = (
    field: 'temperature' | 'topP' | 'maxTokens' | 'memoryMessages' | 'timeout',
    label: string,
    help: string,
  ) => (
    <label class="labelled">
      <span class="labelled__label">{label}</span>
      <input
        class="input"
        inputmode="decimal"
        value={draft()[field]}
        placeholder="model’s own"
        aria-invalid={wrong(field) === null ? undefined : 'true'}
        onInput={(event) => change({ [field]: event.currentTarget.value })}
      />
      <span class="labelled__help">{wrong(field) ?? help}</span>
    </label>
  );

  return (
    <div class="agent-editor">
      <Card
        title={props.agent?.name ?? 'New agent'}
        aside={
          <Show when={props.agent !== null}>
            <Button size="small" icon="chat" failure="No channel was opened" onPress={() => props.onTalk()}>
              Talk with it
            </Button>
          </Show>
        }
      >
        <div class="agent-fields">
          <label class="labelled">
            <span class="labelled__label">Name</span>
            <input
              class="input"
              maxlength="64"
              value={draft().name}
              aria-invalid={wrong('name') === null ? undefined : 'true'}
              onInput={(event) => change({ name: event.currentTarget.value })}
            />
            <span class="labelled__help">By which it is mentioned in channels.</span>
          </label>
          <div class="labelled">
            <span class="labelled__label">Model</span>
            <Select label="Model" value={draft().model} choices={models()} onChange={(model) => change({ model })} />
          </div>
        </div>
        <label class="labelled">
          <span class="labelled__label">About</span>
          <input
            class="input"
            maxlength="1024"
            value={draft().description}
            placeholder="A line for people"
            onInput={(event) => change({ description: event.currentTarget.value })}
          />
        </label>
        <label class="labelled">
          <span class="labelled__label">Instructions</span>
          <textarea
            class="input"
            rows="7"
            value={draft().systemPrompt}
            placeholder="Who it is, what it knows, and how it answers"
            onInput={(event) => change({ systemPrompt: event.currentTarget.value })}
          />
        </label>
        <div class="labelled">
          <span class="labelled__label">Answers</span>
          <Segmented
            label="Answers"
            value={draft().answers}
            choices={ANSWERS}
            onChange={(answers) => change({ answers })}
          />
          <span class="labelled__help">{ANSWERS_HELP[draft().answers]}</span>
        </div>
        <AgentTools
          rules={draft().tools}
          trustReadOnly={draft().trustReadOnly}
          onRules={(tools) => change({ tools })}
          onTrust={(trustReadOnly) => change({ trustReadOnly })}
        />
        <div class="agent-fields agent-fields--numbers">
          {number('temperature', 'Temperature', 'Higher is more varied')}
          {number('topP', 'Top P', 'Likeliest words up to this share')}
          {number('maxTokens', 'Most tokens', 'Length of an answer')}
          {number('memoryMessages', 'Memory', 'Messages it is given, as far as they fit')}
          {number('timeout', 'Seconds', 'That an answer may take')}
        </div>
        <div class="agent-editor__end">
          <Show when={props.agent !== null}>
            <Button variant="quiet" icon="trash" failure="The agent was not deleted" onPress={() => props.onDelete()}>
              Delete
            </Button>
          </Show>
          <Button
            variant="primary"
            failure="The agent was not saved"
            disabledReason={
              app.blocked() ??
              (fault() === null
                ? changed()
                  ? null
                  : 'Nothing is changed'
                : `${fault()?.field ?? ''}: ${fault()?.reason ?? ''}`)
            }
            onPress={save}
          >
            Save
          </Button>
        </div>
      </Card>
      <TryOut draft={draft()} disabledReason={fault() === null ? null : 'The form is not complete'} />
    </div>
  );
};
