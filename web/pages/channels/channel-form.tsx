import { createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentView, ChannelType, ChannelView } from '../../../src/contracts/channels.ts';
import { Button } from '../../kit/button.tsx';
import { Segmented } from '../../kit/field.tsx';
import { Modal } from '../../kit/modal.tsx';

export interface ChannelWish {
  name: string;
  topic: string;
  type: ChannelType;
  agents: string[];
}

const TYPES: readonly { value: ChannelType; label: string }[] = [
  { value: 'GROUP', label: 'Group' },
  { value: 'DM', label: 'Direct' },
];

/** A new channel, or what is changed of one. */
export const ChannelForm = (props: {
  channel: ChannelView | null;
  agents: readonly AgentView[];
  onSave: (wish: ChannelWish) => Promise<unknown>;
  onClose: () => void;
}): JSX.Element => {
  // The form begins with what is there when it opens.
  const initial = (): ChannelWish => ({
    name: props.channel?.name ?? '',
    topic: props.channel?.topic ?? '',
    type: props.channel?.type ?? 'GROUP',
    agents: [...(props.channel?.agents ?? [])],
  });
  const [wish, setWish] = createSignal(initial());
  const change = (part: Partial<ChannelWish>): void => void setWish((held) => ({ ...held, ...part }));
  const why = (): string | null => {
    if (wish().name.trim() !== '' || wish().agents.length > 0) return null;
    return 'Give it a name, or choose an agent';
  };
  const save = async (): Promise<void> => {
    await props.onSave(wish());
    props.onClose();
  };
  return (
    <Modal title={props.channel === null ? 'New channel' : 'Change the channel'} onClose={() => props.onClose()}>
      <form class="channel-form" onSubmit={(event) => event.preventDefault()}>
        <label class="labelled">
          <span class="labelled__label">Name</span>
          <input
            class="input"
            maxlength="256"
            value={wish().name}
            placeholder={wish().agents.length > 0 ? 'Named after its agents' : 'Kitchen'}
            onInput={(event) => change({ name: event.currentTarget.value })}
          />
        </label>
        <label class="labelled">
          <span class="labelled__label">Topic</span>
          <input
            class="input"
            maxlength="2048"
            value={wish().topic}
            onInput={(event) => change({ topic: event.currentTarget.value })}
          />
        </label>
        <div class="labelled">
          <span class="labelled__label">Kind</span>
          <Segmented label="Kind" value={wish().type} choices={TYPES} onChange={(type) => change({ type })} />
          <span class="labelled__help">
            {wish().type === 'DM'
              ? 'Its agents answer every message.'
              : 'Its agents answer when they are mentioned by name.'}
          </span>
        </div>
        <fieldset class="channel-form__agents">
          <legend class="labelled__label">Agents</legend>
          <For
            each={props.agents}
            fallback={<p class="labelled__help">There are no agents yet; make one on the page of agents.</p>}
          >
            {(agent) => (
              <label class="channel-form__agent">
                <input
                  type="checkbox"
                  checked={wish().agents.includes(agent.id)}
                  onChange={(event) =>
                    change({
                      agents: event.currentTarget.checked
                        ? [...wish().agents, agent.id]
                        : wish().agents.filter((id) => id !== agent.id),
                    })
                  }
                />
                <span>{agent.name}</span>
                <Show when={agent.description !== ''}>
                  <span class="labelled__help">{agent.description}</span>
                </Show>
              </label>
            )}
          </For>
        </fieldset>
        <div class="channel-form__end">
          <Button onPress={() => props.onClose()}>Cancel</Button>
          <Button variant="primary" disabledReason={why()} failure="The channel was not saved" onPress={save}>
            {props.channel === null ? 'Make the channel' : 'Save'}
          </Button>
        </div>
      </form>
    </Modal>
  );
};
