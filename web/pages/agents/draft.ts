/** An agent while it is being edited: every field as text, as a person types it. Pure. */
import type { AgentToolRule } from '../../../src/contracts/agent-tools.ts';
import type { AgentDraft, AgentView } from '../../../src/contracts/channels.ts';

export interface Draft {
  name: string;
  description: string;
  /** Empty is whichever is loaded. */
  model: string;
  systemPrompt: string;
  answers: AgentView['answers'];
  temperature: string;
  topP: string;
  maxTokens: string;
  memoryMessages: string;
  timeout: string;
  tools: readonly AgentToolRule[];
  trustReadOnly: boolean;
}

/** The fields that hold a number as text. */
type NumberField = 'temperature' | 'topP' | 'maxTokens' | 'memoryMessages' | 'timeout';

const shown = (value: number | null | undefined): string => (value == null ? '' : String(value));

export const draftOf = (agent: AgentView | null): Draft => ({
  name: agent?.name ?? '',
  description: agent?.description ?? '',
  model: agent?.model ?? '',
  systemPrompt: agent?.systemPrompt ?? '',
  answers: agent?.answers ?? 'usual',
  temperature: shown(agent?.sampling.temperature),
  topP: shown(agent?.sampling.top_p),
  maxTokens: shown(agent?.maxTokens),
  memoryMessages: shown(agent?.memoryMessages ?? 50),
  timeout: shown(agent?.timeout ?? 600),
  tools: agent?.tools ?? [],
  trustReadOnly: agent?.trustReadOnly ?? false,
});

/** The field at fault with its reason, or null. */
export const faultOf = (draft: Draft): { field: keyof Draft; reason: string } | null => {
  const number = (field: NumberField, least: number, most: number, whole: boolean, optional: boolean) => {
    const text = draft[field].trim();
    if (text === '') return optional ? null : { field, reason: 'is needed' };
    const value = Number(text);
    const fits = value >= least && value <= most && (!whole || Number.isInteger(value));
    return fits ? null : { field, reason: `${whole ? 'a whole number' : 'a number'} from ${least} to ${most}` };
  };
  const name = draft.name.trim();
  if (name === '') return { field: 'name', reason: 'is needed' };
  if (name.length > 64 || name.includes('@')) return { field: 'name', reason: 'at most 64 characters, without @' };
  return (
    number('temperature', 0, 5, false, true) ??
    number('topP', 0, 1, false, true) ??
    number('maxTokens', 1, 1_000_000, true, true) ??
    number('memoryMessages', 1, 1000, true, false) ??
    number('timeout', 1, 86_400, true, false)
  );
};

const given = (text: string): number | null => (text.trim() === '' ? null : Number(text));

/** What is sent; `before` keeps what the form does not show. */
export const agentOf = (draft: Draft, before: AgentView | null): AgentDraft => {
  const { temperature: _, top_p: __, ...others } = before?.sampling ?? {};
  const [temperature, topP] = [given(draft.temperature), given(draft.topP)];
  return {
    name: draft.name.trim(),
    description: draft.description.trim(),
    model: draft.model === '' ? null : draft.model,
    systemPrompt: draft.systemPrompt,
    answers: draft.answers,
    sampling: {
      ...others,
      ...(temperature === null ? {} : { temperature }),
      ...(topP === null ? {} : { top_p: topP }),
    },
    maxTokens: given(draft.maxTokens),
    memoryMessages: Number(draft.memoryMessages),
    timeout: Number(draft.timeout),
    tools: [...draft.tools],
    trustReadOnly: draft.trustReadOnly,
  };
};
