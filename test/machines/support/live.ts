/** Runs a machine for real, with scripted ports and a simulated clock. */
import { SimulatedClock, createActor, fromCallback } from 'xstate';
import type { ActorRef, AnyActorLogic, EventObject, Snapshot } from 'xstate';
import type { ProcessCommand } from '../../../machines/process.ts';

/** Notes what the machine tells its process and how many processes are alive at once. */
export const scriptedProcess = () => {
  const log: ProcessCommand[] = [];
  const counts = { alive: 0, most: 0, started: 0 };
  const logic = fromCallback<ProcessCommand, never>(({ receive }) => {
    counts.started += 1;
    counts.alive += 1;
    counts.most = Math.max(counts.most, counts.alive);
    receive((command) => log.push(command));
    return () => {
      counts.alive -= 1;
    };
  });
  return { logic, log, counts };
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
