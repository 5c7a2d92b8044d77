import { createSignal, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Badge } from '../../kit/badge.tsx';
import { IconButton } from '../../kit/button.tsx';
import { copyText } from '../../kit/copy.tsx';
import { Icon } from '../../kit/icons.tsx';
import { Menu } from '../../kit/menu.tsx';
import { datedName, saveFile } from '../../kit/save-file.ts';
import { useApp } from '../../state/app.tsx';
import { badgeText } from '../models/state-words.ts';
import { asJson, asMarkdown } from './requests.ts';
import { titleOf } from './types.ts';
import type { Conversation } from './types.ts';
import '../../kit/field.css';

export interface ChatHeadProps {
  conversation: Conversation;
  models: readonly ModelView[];
  model: ModelView | null;
  onModel: (id: string) => void;
  onTitle: (title: string) => void;
  tuning: boolean;
  onTuning: () => void;
  list: JSX.Element;
}

const STATES = {
  loaded: 'Loaded',
  loading: 'Loading',
  stopping: 'Stopping',
  unloaded: 'On this machine',
  error: 'Failed',
};

const ModelPicker = (props: Pick<ChatHeadProps, 'models' | 'model' | 'onModel'>): JSX.Element => {
  const groups = () =>
    Object.entries(STATES)
      .map(([state, label]) => ({ label, models: props.models.filter((model) => model.state === state) }))
      .filter((group) => group.models.length > 0);
  return (
    <span class="select model-picker">
      <select
        class="input select__input"
        aria-label="Model"
        value={props.model?.id ?? ''}
        onChange={(event) => props.onModel(event.currentTarget.value)}
      >
        <Show when={props.models.length === 0}>
          <option value="">No model that can talk</option>
        </Show>
        <For each={groups()}>
          {(group) => (
            <optgroup label={group.label}>
              <For each={group.models}>
                {(model) => (
                  <option value={model.id} selected={model.id === props.model?.id}>
                    {displayName(model)}
                  </option>
                )}
              </For>
            </optgroup>
          )}
        </For>
      </select>
      <Icon name="chevron" size={14} />
    </span>
  );
};

export const ChatHead = (props: ChatHeadProps): JSX.Element => {
  const app = useApp();
  const [renaming, setRenaming] = createSignal(false);
  const nameOf = (id: string): string => {
    const model = app.live.model(id);
    return model === undefined ? id : displayName(model);
  };
  const tuned = (): boolean =>
    props.conversation.system.trim() !== '' ||
    Object.values(props.conversation.sampling).some((value) => value !== null);
  const copyAll = (): void => {
    copyText(asMarkdown(props.conversation, nameOf)).then(
      () => app.toasts.show({ tone: 'success', title: 'Conversation copied' }),
      (error: unknown) => app.toasts.failure('The conversation was not copied', error),
    );
  };
  return (
    <header class="chat-head">
      {props.list}
      <ModelPicker models={props.models} model={props.model} onModel={props.onModel} />
      <Show when={props.model}>
        {(model) => (
          <span class="chat-head__state">
            <Badge tone={model().state}>{badgeText(model())}</Badge>
          </span>
        )}
      </Show>
      <div class="chat-head__title">
        <Show
          when={renaming()}
          fallback={<Show when={props.conversation.messages.length > 0}>{titleOf(props.conversation)}</Show>}
        >
          <input
            class="input"
            aria-label="Title of the conversation"
            value={titleOf(props.conversation)}
            ref={(element) => queueMicrotask(() => element.select())}
            onBlur={() => setRenaming(false)}
            onKeyDown={(event) => {
              if (event.key === 'Enter') {
                props.onTitle(event.currentTarget.value.trim());
                setRenaming(false);
              } else if (event.key === 'Escape') setRenaming(false);
            }}
          />
        </Show>
      </div>
      <span class="chat-head__tune" data-tuned={tuned() ? '' : undefined}>
        <IconButton
          icon="sliders"
          label="System prompt and sampling"
          expanded={props.tuning}
          onPress={() => props.onTuning()}
        />
      </span>
      <Show when={props.conversation.messages.length > 0}>
        <Menu
          label="More for this conversation"
          items={[
            { label: 'Rename', icon: 'edit', onPress: () => setRenaming(true) },
            { label: 'Copy as Markdown', icon: 'copy', onPress: copyAll },
            {
              label: 'Export as Markdown',
              icon: 'download',
              onPress: () => saveFile(datedName('chat', 'md'), 'text/markdown', asMarkdown(props.conversation, nameOf)),
            },
            {
              label: 'Export as JSON',
              icon: 'download',
              onPress: () => saveFile(datedName('chat', 'json'), 'application/json', asJson(props.conversation)),
            },
          ]}
        />
      </Show>
    </header>
  );
};
