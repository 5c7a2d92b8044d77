/** Named agents: who they are, which model speaks for them, and when they answer. */
import type { AgentsService, ChannelChange } from '../../commands/services.ts';
import type { AgentDraft, AgentsDocument, AgentView } from '../../contracts/channels.ts';
import { CodedError } from '../../contracts/errors.ts';
import { nearestNames } from '../../contracts/nearest.ts';
import type { Document } from '../../io/store/document.ts';

export interface AgentsOptions {
  store: Pick<Document<AgentsDocument>, 'get' | 'update' | 'close'>;
  publish(change: ChannelChange): void;
  /** An agent is gone. */
  onRemoved(id: string): void;
  newId(): string;
  now(): number;
}

export type Agents = AgentsService & {
  find(ref: string): AgentView | undefined;
  close(): Promise<void>;
};

const MOST_AGENTS = 500;

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

export const createAgents = ({ store, publish, onRemoved, newId, now }: AgentsOptions): Agents => {
  const all = (): readonly AgentView[] => store.get().agents;
  const list = (): AgentView[] => all().toSorted((a, b) => a.name.localeCompare(b.name));
  const find = (ref: string): AgentView | undefined =>
    all().find(({ id }) => id === ref) ?? all().find(({ name }) => same(name, ref));
  const get = (ref: string): AgentView => {
    const found = find(ref);
    if (found !== undefined) return found;
    const [nearest] = nearestNames(
      ref,
      all().map(({ name }) => name),
      1,
    );
    const hint = nearest === undefined ? '' : ` Nearest: ${nearest}.`;
    throw new CodedError('NOT_FOUND', `There is no agent ${ref.slice(0, 64)}.${hint}`);
  };

  const taken = (draft: AgentDraft, id: string): CodedError | null =>
    all().some((other) => other.id !== id && same(other.name, draft.name))
      ? new CodedError('INVALID_STATE', `There is an agent called ${draft.name} already; choose another name.`)
      : null;

  return {
    list,
    find,
    get,
    async save(ref, draft, by) {
      const before = ref === null ? undefined : get(ref);
      const id = before?.id ?? newId();
      const at = now();
      await store.update((document) => {
        const refusal = taken(draft, id);
        if (refusal !== null) throw refusal;
        if (before === undefined && document.agents.length >= MOST_AGENTS)
          throw new CodedError('QUEUE_FULL', `There are ${MOST_AGENTS} agents already; delete some.`);
        const agent: AgentView = { ...draft, id, createdAt: before?.createdAt ?? at, updatedAt: at };
        document.agents = [...document.agents.filter((other) => other.id !== id), agent];
      });
      publish({ kind: 'agents', agents: list(), by });
      return get(id);
    },
    async remove(ref, by) {
      const { id } = get(ref);
      await store.update((document) => {
        document.agents = document.agents.filter((other) => other.id !== id);
      });
      onRemoved(id);
      publish({ kind: 'agents', agents: list(), by });
      return id;
    },
    close: () => store.close(),
  };
};
