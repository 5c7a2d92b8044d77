/** Runs a machine for real, with scripted ports and a simulated clock. */
import { SimulatedClock, createActor, fromCallback } from 'xstate';
import type { ActorRef, AnyActorLogic, EventObject, Snapshot } from 'xstate';
import type { ProcessCommand, ProcessFact } from '../../../machines/process.ts';

/** One scripted process: what it was told, how many of it were alive at once, and a way to let it report. */
export interface Script<C = ProcessCommand, F = ProcessFact> {
  log: C[];
  counts: { alive: number; most: number; started: number };
  /** Reports a fact, as the process layer would; nothing happens when none is alive. */
  tell(fact: F): void;
}

/** Ports of many owners, told apart by the id in their input. */
export const scriptedPorts = <C extends EventObject, F extends EventObject>(
  keyOf: (input: { id: string }) => string = ({ id }) => id,
) => {
  const scripts = new Map<string, Script<C, F>>();
  const living = new Map<string, Set<(fact: F) => void>>();
  const of = (key: string): Script<C, F> => {
    const known = scripts.get(key);
    if (known !== undefined) return known;
    const script: Script<C, F> = {
      log: [],
      counts: { alive: 0, most: 0, started: 0 },
      tell: (fact) => {
        for (const sendBack of [...(living.get(key) ?? [])]) sendBack(fact);
      },
    };
    scripts.set(key, script);
    return script;
  };
  const logic = fromCallback<C, { id: string }>(({ receive, sendBack, input }) => {
    const key = keyOf(input);
    const { counts, log } = of(key);
    const senders = living.get(key) ?? new Set();
    living.set(key, senders.add(sendBack));
    counts.started += 1;
    counts.alive += 1;
    counts.most = Math.max(counts.most, counts.alive);
    receive((command) => log.push(command));
    return () => {
      senders.delete(sendBack);
      counts.alive -= 1;
    };
  });
  return { logic, of, ids: () => [...scripts.keys()] };
};

/** Processes of many owners. */
export const scriptedProcesses = scriptedPorts<ProcessCommand, ProcessFact>;

/** Notes what the machine tells its process and how many processes are alive at once. */
export const scriptedProcess = () => {
  const { logic, of } = scriptedProcesses(() => 'process');
  return { logic, ...of('process') };
};

/** Stands for the supervisor: keeps the reports in order. */
export const reportSink = <R extends EventObject>() => {
  const reports: R[] = [];
  const logic = fromCallback<R>(({ receive }) => {
    receive((report) => reports.push(report));
  });
  const ref = createActor(logic as AnyActorLogic).start() as unknown as ActorRef<Snapshot<unknown>, R>;
  return { ref, reports };
};

export const clock = () => new SimulatedClock();
