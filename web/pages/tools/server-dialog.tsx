import { createSignal, Index, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { McpServerView } from '../../../src/contracts/mcp.ts';
import { Button, IconButton } from '../../kit/button.tsx';
import { FieldRow, Segmented, Toggle } from '../../kit/field.tsx';
import { Modal } from '../../kit/modal.tsx';
import { useApp } from '../../state/app.tsx';
import { draftOf, faultOf, serverOf } from './draft.ts';
import type { Secret, ServerDraft } from './draft.ts';

const KINDS: readonly { value: ServerDraft['kind']; label: string }[] = [
  { value: 'stdio', label: 'A program here' },
  { value: 'http', label: 'An address' },
];

/** Names with values that nobody is shown again. */
const Secrets = (props: {
  what: 'variable' | 'header';
  all: readonly Secret[];
  onChange: (all: readonly Secret[]) => void;
}): JSX.Element => {
  const change = (index: number, part: Partial<Secret>): void =>
    props.onChange(props.all.map((one, at) => (at === index ? { ...one, ...part } : one)));
  return (
    <div class="secrets">
      <Index each={props.all}>
        {(one, index) => (
          <div class="secrets__row">
            <input
              class="input"
              aria-label={`Name of ${props.what} ${index + 1}`}
              value={one().name}
              placeholder={props.what === 'header' ? 'Authorization' : 'NAME'}
              onInput={(event) => change(index, { name: event.currentTarget.value, stored: false })}
            />
            <input
              class="input"
              type="password"
              autocomplete="off"
              aria-label={`Value of ${one().name === '' ? `${props.what} ${index + 1}` : one().name}`}
              value={one().value}
              placeholder={one().stored ? 'stored, not shown' : 'value'}
              onInput={(event) => change(index, { value: event.currentTarget.value })}
            />
            <IconButton
              icon="close"
              label={`Remove ${one().name === '' ? `${props.what} ${index + 1}` : one().name}`}
              onPress={() => props.onChange(props.all.filter((_, at) => at !== index))}
            />
          </div>
        )}
      </Index>
      <Button
        size="small"
        icon="plus"
        onPress={() => props.onChange([...props.all, { name: '', value: '', stored: false }])}
      >
        Add a {props.what}
      </Button>
    </div>
  );
};

export const ServerDialog = (props: { server: McpServerView | null; onClose: () => void }): JSX.Element => {
  const app = useApp();
  // The form begins with the server as it is when it opens.
  const initial = (): ServerDraft => draftOf(props.server);
  const [draft, setDraft] = createSignal(initial());
  const change = (part: Partial<ServerDraft>): void => void setDraft((held) => ({ ...held, ...part }));
  const save = async (): Promise<void> => {
    const { server } = await app.client.request('mcp:save', {
      name: draft().name.trim(),
      server: serverOf(draft(), props.server),
    });
    app.toasts.show({ tone: 'success', title: `${server.name} is saved` });
    props.onClose();
  };
  const text = (field: 'name' | 'command' | 'cwd' | 'url' | 'timeout', label: string, help: string, like = '') => (
    <label class="labelled">
      <span class="labelled__label">{label}</span>
      <input
        class="input"
        value={draft()[field]}
        placeholder={like}
        disabled={field === 'name' && props.server !== null}
        onInput={(event) => change({ [field]: event.currentTarget.value })}
      />
      <span class="labelled__help">{help}</span>
    </label>
  );
  return (
    <Modal
      title={props.server === null ? 'New server' : `Change ${props.server.name}`}
      wide
      firm
      onClose={props.onClose}
    >
      <div class="modal__body server-form">
        <Segmented label="What it is" value={draft().kind} choices={KINDS} onChange={(kind) => change({ kind })} />
        {text('name', 'Name', 'By which agents and people call it.', 'files')}
        <Show
          when={draft().kind === 'stdio'}
          fallback={
            <>
              {text(
                'url',
                'Address',
                'Of the streamable HTTP endpoint, or the older one with events.',
                'https://…/mcp',
              )}
              <div class="labelled">
                <span class="labelled__label">Headers</span>
                <Secrets what="header" all={draft().headers} onChange={(headers) => change({ headers })} />
              </div>
            </>
          }
        >
          {text('command', 'Command', 'It is started directly, not by a shell.', 'npx')}
          <label class="labelled">
            <span class="labelled__label">Arguments</span>
            <textarea
              class="input"
              rows="4"
              spellcheck={false}
              value={draft().args}
              placeholder={'-y\n@modelcontextprotocol/server-filesystem\n/home/me/notes'}
              onInput={(event) => change({ args: event.currentTarget.value })}
            />
            <span class="labelled__help">One a line.</span>
          </label>
          <div class="labelled">
            <span class="labelled__label">Environment</span>
            <Secrets what="variable" all={draft().env} onChange={(env) => change({ env })} />
            <span class="labelled__help">
              It gets these and what programs need at all; {'${NAME}'} is a variable of Llamactor’s own.
            </span>
          </div>
          {text('cwd', 'Folder', 'Where it runs; one of Llamactor’s own when empty.')}
        </Show>
        {text('timeout', 'Seconds per call', 'How long one call may take.', '60')}
        <FieldRow label="Start with Llamactor" help="Otherwise it is started when a tool of it is wanted.">
          <Toggle
            label="Start with Llamactor"
            checked={draft().autoStart}
            onChange={(autoStart) => change({ autoStart })}
          />
        </FieldRow>
        <FieldRow label="Switched off" help="It stays here, and is not started.">
          <Toggle label="Switched off" checked={draft().disabled} onChange={(disabled) => change({ disabled })} />
        </FieldRow>
        <div class="server-form__end">
          <Button variant="quiet" onPress={() => props.onClose()}>
            Cancel
          </Button>
          <Button
            variant="primary"
            failure="The server was not saved"
            disabledReason={app.blocked() ?? faultOf(draft())}
            onPress={save}
          >
            Save
          </Button>
        </div>
      </div>
    </Modal>
  );
};

export const ImportDialog = (props: { onClose: () => void }): JSX.Element => {
  const app = useApp();
  const [json, setJson] = createSignal('');
  const [replace, setReplace] = createSignal(false);
  const take = async (): Promise<void> => {
    const { added, changed, skipped } = await app.client.request('mcp:import', { json: json(), replace: replace() });
    const count = added.length + changed.length;
    app.toasts.show({
      tone: skipped.length > 0 || count === 0 ? 'info' : 'success',
      title: count === 0 ? 'Nothing was taken over' : `Taken over: ${[...added, ...changed].join(', ')}`,
      ...(skipped.length === 0
        ? {}
        : { body: skipped.map(({ name, reason }) => `${name} was left out: ${reason}`).join(' ') }),
    });
    if (count > 0) props.onClose();
  };
  return (
    <Modal title="Take over servers" wide onClose={props.onClose}>
      <div class="modal__body server-form">
        <label class="labelled">
          <span class="labelled__label">Another assistant’s file</span>
          <textarea
            class="input server-form__json"
            rows="10"
            spellcheck={false}
            value={json()}
            placeholder={'{\n  "mcpServers": {\n    "files": { "command": "npx", "args": ["-y", "…"] }\n  }\n}'}
            onInput={(event) => setJson(event.currentTarget.value)}
          />
          <span class="labelled__help">The text of a file with mcpServers, as most assistants keep it.</span>
        </label>
        <FieldRow label="Change servers of the same name" help="Otherwise those that are here stay as they are.">
          <Toggle label="Change servers of the same name" checked={replace()} onChange={setReplace} />
        </FieldRow>
        <div class="server-form__end">
          <Button variant="quiet" onPress={() => props.onClose()}>
            Cancel
          </Button>
          <Button
            variant="primary"
            failure="Nothing was taken over"
            disabledReason={app.blocked() ?? (json().trim() === '' ? 'Paste the file first' : null)}
            onPress={take}
          >
            Take over
          </Button>
        </div>
      </div>
    </Modal>
  );
};
