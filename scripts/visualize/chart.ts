import type { AnyStateMachine, StateNode } from 'xstate';

/** What a diagram shows of one machine, read from its definition. */
export interface Chart {
  name: string;
  description: string;
  initial: string;
  states: ChartState[];
  edges: ChartEdge[];
  /** Events that are handled wherever the machine is and that move it nowhere. */
  everywhere: string[];
}

export interface ChartState {
  /** Dotted path below the machine, e.g. "loading" or "session.running". */
  id: string;
  name: string;
  /** Enclosing state's id; null at the top. */
  parent: string | null;
  description: string;
  final: boolean;
  /** Initial child of a compound state. */
  initial: string | null;
  compound: boolean;
  /** Actors that run exactly as long as the state lasts. */
  invokes: string[];
  /** Events that are handled without leaving the state, delays included. */
  stays: string[];
}

export interface ChartEdge {
  from: string;
  to: string;
  /** What takes the machine along, one trigger each: "model.load", "after backoff [mayRetry]". */
  triggers: string[];
}

type Node = StateNode<never, never>;
type Transition = Node['transitions'] extends Map<string, (infer T)[]> ? T : never;

/** Words for an event type: XState's own names for delays, ends and errors of invoked actors are made readable. */
export function triggerWords(eventType: string, nameOf: (invokeId: string) => string = (id) => id): string {
  const after = /^xstate\.after\.([^.]+)\./.exec(eventType);
  if (after?.[1] !== undefined) return `after ${/^\d+$/.test(after[1]) ? duration(Number(after[1])) : after[1]}`;
  const actor = /^xstate\.(done|error|snapshot)\.actor\.(.+)$/.exec(eventType);
  if (actor?.[2] !== undefined) {
    const happens = { done: 'is done', error: 'fails', snapshot: 'changes' }[actor[1] as 'done' | 'error' | 'snapshot'];
    return `${nameOf(actor[2])} ${happens}`;
  }
  if (eventType.startsWith('xstate.done.state.')) return 'all done';
  if (eventType === '') return 'always';
  return eventType === '*' ? 'anything else' : eventType;
}

const duration = (ms: number): string => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

/** A guard's name; combined guards (`not`, `and`, `or`) are spelled out, inline functions stay unnamed. */
export function guardWords(guard: unknown): string | null {
  if (guard === undefined || guard === null) return null;
  if (typeof guard === 'string') return guard;
  if (typeof guard !== 'object' && typeof guard !== 'function') return null;
  const { type, guards } = guard as { type?: string; guards?: unknown[] };
  if (guards !== undefined && guards.length > 0) {
    const words = guards.map((part) => guardWords(part) ?? 'condition');
    if ((guard as { check?: { name?: string } }).check?.name === 'checkNot') return `not ${words[0] ?? ''}`;
    return words.join((guard as { check?: { name?: string } }).check?.name === 'checkOr' ? ' or ' : ' and ');
  }
  return type ?? 'condition';
}

const pathOf = (node: { path: readonly string[] }): string => node.path.join('.');

/** The triggers of a node in order of definition; a last, unguarded alternative of guarded ones is marked as the rest. */
function transitionsOf(node: Node): { transition: Transition; words: string }[] {
  const always = node.always ?? [];
  const names = new Map(node.invoke.map((invoke) => [invoke.id, nameOfInvoke(invoke)]));
  return [...node.transitions.values(), always].flatMap((alternatives) =>
    alternatives.map((transition, index) => {
      const guard = guardWords(transition.guard) ?? (index > 0 ? 'else' : null);
      return {
        transition,
        words: `${triggerWords(transition.eventType, (id) => names.get(id) ?? id)}${guard === null ? '' : ` [${guard}]`}`,
      };
    }),
  );
}

function addEdge(edges: ChartEdge[], from: string, to: string, trigger: string): void {
  const known = edges.find((edge) => edge.from === from && edge.to === to);
  if (known === undefined) edges.push({ from, to, triggers: [trigger] });
  else if (!known.triggers.includes(trigger)) known.triggers.push(trigger);
}

/** An invoked actor is known by its source; an inline one, whose source has a made-up name, by its id. */
const nameOfInvoke = ({ id, src }: { id: string; src: unknown }): string =>
  typeof src === 'string' && !src.startsWith('xstate.') ? src : id;

/** Reads a machine's states, transitions, guards, delays and descriptions. States keep the order of the definition. */
export function chartOf(machine: AnyStateMachine): Chart {
  const root = machine.root as unknown as Node;
  const states: ChartState[] = [];
  const edges: ChartEdge[] = [];
  const visit = (node: Node): void => {
    const id = pathOf(node);
    const stays: string[] = [];
    for (const { transition, words } of transitionsOf(node)) {
      const targets = (transition.target ?? []) as Node[];
      if (targets.length === 0) stays.push(words);
      for (const target of targets) addEdge(edges, id, pathOf(target), words);
    }
    const children = Object.values(node.states) as Node[];
    states.push({
      id,
      name: node.key,
      parent: node.parent === undefined || node.parent === (root as unknown) ? null : pathOf(node.parent),
      description: node.description ?? '',
      final: node.type === 'final',
      initial: initialOf(node),
      compound: children.length > 0,
      invokes: node.invoke.map(nameOfInvoke),
      stays,
    });
    children.forEach(visit);
  };
  visit(root);
  const [top, ...rest] = states;
  return {
    name: machine.id,
    description: root.description ?? '',
    initial: top?.initial ?? '',
    states: rest,
    edges,
    everywhere: top?.stays ?? [],
  };
}

function initialOf(node: Node): string | null {
  if (node.type !== 'compound') return null;
  const target = (node.initial.target as Node[] | undefined)?.[0];
  return target === undefined ? null : pathOf(target);
}
