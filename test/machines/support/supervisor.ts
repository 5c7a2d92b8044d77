/** A live supervisor whose processes, engine search and installation are scripted, and whose clock stands still until moved. */
import { createActor, fromCallback, fromPromise } from 'xstate';
import type { ModelPolicy } from '../../../machines/admission.ts';
import { inRam } from '../../../machines/devices.ts';
import { engineMachine } from '../../../machines/engine.machine.ts';
import type { EngineFound, InstallFact } from '../../../machines/engine.machine.ts';
import { modelMachine } from '../../../machines/model.machine.ts';
import type { FailureCode, Refusal } from '../../../machines/process.ts';
import { defaultRestartPolicy } from '../../../machines/restart-policy.ts';
import { routerMachine } from '../../../machines/router.machine.ts';
import { supervisorMachine } from '../../../machines/supervisor.machine.ts';
import type { SupervisorCommand, SupervisorEmitted, SupervisorInput } from '../../../machines/supervisor.machine.ts';
import { exited, limits, ready } from './facts.ts';
import { clock, scriptedProcess, scriptedProcesses } from './live.ts';
import { GIB, limitsOf } from './residents.ts';

type Load = Extract<SupervisorCommand, { type: 'models.load' }>;
/** Bytes are of main memory, and what is needed is what is taken, unless `needs` and `takes` say otherwise. */
type LoadParts = Partial<Omit<Load, 'available' | 'policy'> & ModelPolicy> & {
  bytes?: number;
  availableBytes?: number | null;
};

const loadOf = ({ bytes = GIB, availableBytes = null, ...parts }: LoadParts): Omit<Load, 'id'> => {
  const { pinned = false, priority = 0, group = null, ttlMs = null, ...rest } = parts;
  return {
    type: 'models.load',
    requestId: null,
    needs: inRam(bytes),
    takes: inRam(bytes),
    demand: false,
    policy: { pinned, priority, group, ttlMs },
    available: availableBytes === null ? null : inRam(availableBytes),
    by: 'test',
    at: 0,
    ...rest,
  };
};

const engine: EngineFound = { path: '/opt/llama-server', source: 'path', version: 'b1', build: 1 };

export const createSupervisor = (overrides: Partial<SupervisorInput> = {}) => {
  const simulated = clock();
  const models = scriptedProcesses();
  const router = scriptedProcess();
  let answerSearch: (found: EngineFound | null) => void = () => undefined;
  let report: (fact: InstallFact) => void = () => undefined;
  const machine = supervisorMachine.provide({
    actors: {
      engine: engineMachine.provide({
        actors: {
          findEngine: fromPromise<EngineFound | null>(
            () =>
              new Promise((resolve) => {
                answerSearch = resolve;
              }),
          ),
          installEngine: fromCallback(({ sendBack }) => {
            report = sendBack;
          }),
        },
      }),
      model: modelMachine.provide({
        actors: { modelProcess: models.logic, readinessProbe: scriptedProcess().logic },
      }),
      router: routerMachine.provide({ actors: { routerProcess: router.logic as never } }),
    },
  });
  const root = createActor(machine, {
    clock: simulated,
    input: {
      autoStart: true,
      autoInstall: false,
      preset: 'default',
      policy: defaultRestartPolicy,
      process: limits,
      routerProcess: limits,
      placement: limitsOf(2),
      drainMs: 30_000,
      ...overrides,
    },
  });
  const emitted: SupervisorEmitted[] = [];
  root.on('*', (event) => emitted.push(event));

  const context = () => root.getSnapshot().context;
  const row = (id: string) => (Object.hasOwn(context().rows, id) ? context().rows[id] : undefined);
  const send = (command: SupervisorCommand) => root.send(command);
  const by = 'test';
  const at = () => simulated.now();

  /** A router that confirms at once that it hands out nothing more. */
  const held = new Set<string>();
  const usage = new Map<string, { inFlight: number; active: number }>();
  root.on('hold.changed', (event) => {
    if (event.held) held.add(event.id);
    else held.delete(event.id);
    const { inFlight, active } = usage.get(event.id) ?? { inFlight: 0, active: 0 };
    if (!deaf.has(event.id)) send({ type: 'model.used', id: event.id, inFlight, active, held: event.held, at: at() });
  });
  /** Models of which the router does not hear. */
  const deaf = new Set<string>();

  return {
    root,
    simulated,
    held,
    deaf,
    models,
    router,
    emitted,
    context,
    row,
    send,
    /** What the model's actor itself says, not what the supervisor believes of it. */
    stateOf: (id: string) => row(id)?.ref.getSnapshot().value,
    waiters: () => [
      ...context().pending.flatMap(({ requestId }) => requestId ?? []),
      ...Object.values(context().rows).flatMap(({ ref }) =>
        ref.getSnapshot().context.waiters.map(({ requestId }) => requestId),
      ),
    ],
    settled: () => emitted.flatMap((event) => (event.type === 'request.settled' ? [event.requestId] : [])),
    refusal: (requestId: string): Refusal | null | undefined =>
      emitted.find(
        (event): event is Extract<SupervisorEmitted, { type: 'request.settled' }> =>
          event.type === 'request.settled' && event.requestId === requestId,
      )?.refusal,
    decisions: (kind: string) =>
      emitted.flatMap((event) => (event.type === 'decision.made' && event.kind === kind ? [event.modelId] : [])),
    load: (id: string, parts: LoadParts = {}) =>
      send({ id, ...loadOf({ requestId: `load-${id}`, at: at(), ...parts }) }),
    demand: (id: string, pinned = false) => send({ id, ...loadOf({ demand: true, pinned, by: 'router', at: at() }) }),
    unload: (id: string, requestId: string | null = `unload-${id}`) =>
      send({ type: 'models.unload', id, requestId, by, at: at() }),
    /** What the router says: so many requests, all of them being answered unless some wait. */
    use: (id: string, inFlight: number, active = inFlight) => {
      usage.set(id, { inFlight, active });
      send({ type: 'model.used', id, inFlight, active, held: held.has(id), at: at() });
    },
    ready: (...ids: string[]) => ids.forEach((id) => models.of(id).tell({ ...ready, at: at() } as typeof ready)),
    exit: (id: string, code: FailureCode = 'CRASHED') => models.of(id).tell(exited(code, at())),
    /** Commands that the model's process got, in short. */
    told: (id: string) => models.of(id).log.map(({ type }) => type),
    /** Lets the search at start find one, or none; resolves when the supervisor has heard of it. */
    async answerSearch(found: boolean) {
      answerSearch(found ? engine : null);
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    },
    /** The same through an installation, and at once. */
    install(found: boolean) {
      context().engine.send({ type: 'engine.install', requestId: null, by });
      report(found ? { type: 'install.finished', engine } : { type: 'install.failed', problem: 'No network.' });
    },
    startAll() {
      root.start();
      router.tell(ready);
      this.install(true);
      return this;
    },
  };
};

export type LiveSupervisor = ReturnType<typeof createSupervisor>;

/** A supervisor that runs, with engine and router ready. */
export const startSupervisor = (overrides: Partial<SupervisorInput> = {}): LiveSupervisor =>
  createSupervisor(overrides).startAll();
