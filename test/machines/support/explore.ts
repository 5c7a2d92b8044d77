/** Walks a machine's whole behaviour by its pure transition function, so that tests can replay every transition on a live actor. */
import { initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine, EventObject, InputFrom } from 'xstate';

export interface Step {
  event: EventObject;
  /** State value after the event. */
  state: string;
}

export interface Exploration {
  /** One path per transition of the machine, from the initial state, each ending with that transition. */
  paths: { transition: string; steps: Step[] }[];
  /** Every transition that the machine defines, by name. */
  defined: Set<string>;
}

interface Definition {
  source: { path: string[]; transitions: Map<string, unknown[]> };
  eventType: string;
}

/** `loading --process.exited[1]-->`: unique, because alternatives of one event are numbered. */
const nameOf = (definition: Definition): string => {
  const { source, eventType } = definition;
  const alternatives = source.transitions.get(eventType) ?? [];
  return `${source.path.join('.')} --${eventType}[${alternatives.indexOf(definition)}]-->`;
};

/** All states but the root, whose transitions hold everywhere. */
const nodesOf = (states: AnyStateMachine['states']): AnyStateMachine['states'][string][] =>
  Object.values(states).flatMap((node) => [node, ...nodesOf(node.states)]);

/** `{working: 'thinking'}` becomes "working.thinking". */
export const stateText = (value: unknown): string =>
  typeof value === 'object' && value !== null
    ? Object.entries(value)
        .map(([key, inner]) => `${key}.${stateText(inner)}`)
        .join(' ')
    : String(value);

/** Delays show as events named by XState; these names are what the clock sends. */
export const afterEvents = (machine: AnyStateMachine): EventObject[] =>
  nodesOf(machine.states).flatMap((state) =>
    [...state.transitions.keys()].filter((type) => type.startsWith('xstate.after.')).map((type) => ({ type })),
  );

/**
 * @param events every event worth sending, in every variant that leads elsewhere
 * @param digest what of the context decides about transitions; snapshots with equal digest and state are one
 */
export const explore = <M extends AnyStateMachine>(
  machine: M,
  input: InputFrom<M>,
  events: readonly EventObject[],
  digest: (snapshot: AnyMachineSnapshot) => unknown,
): Exploration => {
  const keyOf = (snapshot: AnyMachineSnapshot): string => JSON.stringify([snapshot.value, digest(snapshot)]);
  const [initial] = initialTransition(machine, input as never) as [AnyMachineSnapshot, unknown];
  const seen = new Set([keyOf(initial)]);
  const queue: { snapshot: AnyMachineSnapshot; steps: Step[] }[] = [{ snapshot: initial, steps: [] }];
  const paths = new Map<string, Step[]>();
  const all = [...events, ...afterEvents(machine)];
  while (queue.length > 0) {
    const { snapshot, steps } = queue.shift() as (typeof queue)[number];
    for (const event of all) {
      const taken = machine.getTransitionData(snapshot as never, event) as unknown as Definition[];
      if (taken.length === 0) continue;
      const [next] = transition(machine, snapshot as never, event as never) as unknown as [AnyMachineSnapshot, unknown];
      const path = [...steps, { event, state: stateText(next.value) }];
      for (const definition of taken) {
        const name = nameOf(definition);
        if (!paths.has(name)) paths.set(name, path);
      }
      if (!seen.has(keyOf(next))) {
        seen.add(keyOf(next));
        queue.push({ snapshot: next, steps: path });
      }
    }
  }
  const defined = new Set(
    nodesOf(machine.states).flatMap((state) =>
      [...state.transitions.values()].flat().map((definition) => nameOf(definition as unknown as Definition)),
    ),
  );
  return { paths: [...paths].map(([name, steps]) => ({ transition: name, steps })), defined };
};
