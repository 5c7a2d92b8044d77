/** A hand-written table of what every event does in every state, against the pure transition function. */
import { describe, expect, it } from 'vitest';
import { initialTransition, transition } from 'xstate';
import type { AnyMachineSnapshot, AnyStateMachine, EventObject, InputFrom } from 'xstate';
import { afterEvents } from './explore.ts';

/** For each situation: where each event leads; undefined means that it must not move. */
export type Table<Situation extends string, Name extends string, State extends string> = Record<
  Situation,
  Record<Name, State | undefined>
>;

interface Situation {
  state: string;
  /** Events that lead there from the start. */
  by: EventObject[];
}

/** Delays are events named by XState after delay and state. */
export const delay = (machine: AnyStateMachine, name: string): EventObject => {
  const found = afterEvents(machine).find(({ type }) => type.includes(name));
  if (found === undefined) throw new Error(`The machine has no delay ${name}.`);
  return found;
};

export const testTable = <M extends AnyStateMachine, S extends string, E extends string>(options: {
  machine: M;
  input: InputFrom<M>;
  situations: Record<S, Situation>;
  events: Record<E, EventObject>;
  table: Table<S, E, string>;
}): void => {
  const { machine, input, situations, events, table } = options;
  const step = (snapshot: AnyMachineSnapshot, event: EventObject): AnyMachineSnapshot =>
    (transition(machine, snapshot as never, event as never) as unknown as [AnyMachineSnapshot])[0];

  it('has a row for every state and knows every delay', () => {
    const reached = Object.values<Situation>(situations).map(({ state }) => state);
    expect(new Set(reached)).toEqual(new Set(Object.keys(machine.states)));
    const sent = Object.values<EventObject>(events).map(({ type }) => type);
    expect(sent).toEqual(expect.arrayContaining(afterEvents(machine).map(({ type }) => type)));
    expect(new Set(machine.events.filter((type) => !sent.includes(type)))).toEqual(new Set());
  });

  describe.each(Object.keys(situations) as S[])('%s', (name) => {
    const { state, by } = situations[name];
    const [initial] = initialTransition(machine, input as never) as unknown as [AnyMachineSnapshot];
    const from = by.reduce(step, initial);

    it.each(Object.entries<string | undefined>(table[name]))('%s → %s', (event, target) => {
      expect(from.value).toBe(state);
      const to = step(from, events[event as E]);
      expect(to.value).toBe(target ?? state);
      // A state that is left and entered again runs its entry anew, and that is a move too.
      const moves = machine
        .getTransitionData(from as never, events[event as E])
        .some((taken) => taken.target !== undefined);
      expect(moves).toBe(target !== undefined);
    });
  });
};
