import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { AgentToolRule, Consent } from '../../../src/contracts/agent-tools.ts';
import type { McpServerView, McpToolView } from '../../../src/contracts/mcp.ts';
import { plural } from '../../format/numbers.ts';
import { IconButton } from '../../kit/button.tsx';
import { Select, Toggle } from '../../kit/field.tsx';
import { Icon } from '../../kit/icons.tsx';
import { useApp } from '../../state/app.tsx';
import { createToolsStore } from '../tools/tools-store.ts';

/** What the form says of a server or tool: a consent, the usual one, or nothing at all. */
type Choice = Consent | 'usual' | 'none';

const WORDS: Record<Consent, string> = { ask: 'Ask a person', allow: 'Allow', deny: 'Never' };
const CONSENT_CHOICES: readonly { value: Choice; label: string }[] = [
  { value: 'ask', label: WORDS.ask },
  { value: 'allow', label: WORDS.allow },
  { value: 'deny', label: WORDS.deny },
];
const SERVER_CHOICES = [
  { value: 'none' as Choice, label: 'Not used' },
  { value: 'usual' as Choice, label: 'As usual' },
  ...CONSENT_CHOICES,
];
const TOOL_CHOICES = [{ value: 'none' as Choice, label: 'As its server' }, ...CONSENT_CHOICES];

const choiceFor = (rules: readonly AgentToolRule[], pattern: string): Choice => {
  const rule = rules.findLast(({ tool }) => tool === pattern);
  return rule === undefined ? 'none' : (rule.consent ?? 'usual');
};

/** The rules with another choice for one pattern; all others stay as they are. */
const withChoice = (rules: readonly AgentToolRule[], pattern: string, choice: Choice): readonly AgentToolRule[] => {
  const others = rules.filter(({ tool }) => tool !== pattern);
  if (choice === 'none') return others;
  return [...others, choice === 'usual' ? { tool: pattern } : { tool: pattern, consent: choice }];
};

const ServerTools = (props: {
  server: McpServerView;
  tools: readonly McpToolView[];
  rules: readonly AgentToolRule[];
  onChange: (rules: readonly AgentToolRule[]) => void;
}): JSX.Element => {
  const used = (): number =>
    props.tools.filter(({ name }) => choiceFor(props.rules, `${props.server.name}/${name}`) !== 'none').length;
  return (
    <li class="agent-tools__server">
      <div class="agent-tools__row">
        <span class="agent-tools__name">{props.server.name}</span>
        <Select
          label={`Tools of ${props.server.name}`}
          value={choiceFor(props.rules, props.server.name)}
          choices={SERVER_CHOICES}
          onChange={(choice) => props.onChange(withChoice(props.rules, props.server.name, choice))}
        />
      </div>
      <Show
        when={props.tools.length > 0}
        fallback={<p class="labelled__help">Its single tools can be chosen once it has been started.</p>}
      >
        <details class="agent-tools__tools" open={used() > 0}>
          <summary>
            <Icon name="chevron" size={14} />
            {plural(props.tools.length, 'tool')}
            <Show when={used() > 0}>, {used()} of their own</Show>
          </summary>
          <ul>
            <For each={props.tools}>
              {(tool) => (
                <li class="agent-tools__row">
                  <span class="agent-tools__name" data-tip={tool.description === '' ? undefined : tool.description}>
                    <code>{tool.name}</code>
                    <Show when={tool.readOnly}>
                      <span class="labelled__help"> reads</span>
                    </Show>
                  </span>
                  <Select
                    label={`${props.server.name}/${tool.name}`}
                    value={choiceFor(props.rules, `${props.server.name}/${tool.name}`)}
                    choices={TOOL_CHOICES}
                    onChange={(choice) =>
                      props.onChange(withChoice(props.rules, `${props.server.name}/${tool.name}`, choice))
                    }
                  />
                </li>
              )}
            </For>
          </ul>
        </details>
      </Show>
    </li>
  );
};

/** Which tools an agent may use, and which of them a person has to agree to. */
export const AgentTools = (props: {
  rules: readonly AgentToolRule[];
  trustReadOnly: boolean;
  onRules: (rules: readonly AgentToolRule[]) => void;
  onTrust: (trust: boolean) => void;
}): JSX.Element => {
  const store = createToolsStore(useApp());
  const names = (): string[] => store.servers().map(({ name }) => name);
  const server = (name: string): McpServerView | undefined => store.servers().find((one) => one.name === name);
  /** Patterns, and rules for what is not here now. */
  const others = (): AgentToolRule[] => {
    const shown = new Set(
      store.servers().flatMap(({ name }) => [name, ...store.toolsOf(name).map((tool) => `${name}/${tool.name}`)]),
    );
    return props.rules.filter(({ tool }) => !shown.has(tool));
  };
  return (
    <div class="labelled">
      <span class="labelled__label">Tools</span>
      <Show when={store.ready()}>
        <Show
          when={names().length > 0 || others().length > 0}
          fallback={
            <span class="labelled__help">
              There are no servers of tools yet.{' '}
              <A class="quiet-link" href="/channels/tools">
                Add one
              </A>
            </span>
          }
        >
          <ul class="agent-tools">
            <For each={names()}>
              {(name) => (
                <Show when={server(name)}>
                  {(one) => (
                    <ServerTools
                      server={one()}
                      tools={store.toolsOf(name)}
                      rules={props.rules}
                      onChange={props.onRules}
                    />
                  )}
                </Show>
              )}
            </For>
            <For each={others()}>
              {(rule) => (
                <li class="agent-tools__row">
                  <span class="agent-tools__name">
                    <code>{rule.tool}</code>
                    <span class="labelled__help"> {rule.consent === undefined ? 'As usual' : WORDS[rule.consent]}</span>
                  </span>
                  <IconButton
                    icon="close"
                    label={`Remove the rule for ${rule.tool}`}
                    onPress={() => props.onRules(props.rules.filter((one) => one !== rule))}
                  />
                </li>
              )}
            </For>
          </ul>
          <div class="agent-tools__row">
            <span>
              Trust what only reads
              <span class="labelled__help agent-tools__help">
                Tools of which their server says that they change nothing are used without asking, where “As usual” is
                chosen.
              </span>
            </span>
            <Toggle label="Trust what only reads" checked={props.trustReadOnly} onChange={props.onTrust} />
          </div>
        </Show>
      </Show>
    </div>
  );
};
