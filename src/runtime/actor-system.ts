/** The actor system: the machines with the real ports plugged in, watched for what their states say. */
import { createActor, fromCallback, fromPromise } from 'xstate';
import type { ActorRefFrom, AnyActorRef, EventObject, SnapshotFrom } from 'xstate';
import { engineMachine } from '../../machines/engine.machine.ts';
import type { EngineFound, InstallFact } from '../../machines/engine.machine.ts';
import { modelMachine } from '../../machines/model.machine.ts';
import type { ModelState } from '../../machines/model.machine.ts';
import { routerMachine } from '../../machines/router.machine.ts';
import type { RouterState } from '../../machines/router.machine.ts';
import { residentsOf } from '../../machines/rows.ts';
import type { Row } from '../../machines/rows.ts';
import { supervisorMachine } from '../../machines/supervisor.machine.ts';
import type { SupervisorCommand, SupervisorEmitted, SupervisorInput } from '../../machines/supervisor.machine.ts';
import type { By } from '../commands/services.ts';
import { idleGate } from '../io/idle-gate.ts';
import { modelProcess } from '../io/llama/model-process.ts';
import type { ModelProcessDeps } from '../io/llama/model-process.ts';
import { readinessProbe } from '../io/llama/readiness-probe.ts';
import type { ProbeDeps } from '../io/llama/readiness-probe.ts';
import { routerProcess } from '../io/router-process.ts';
import type { RouterProcessDeps } from '../io/router-process.ts';

export interface ActorSystemOptions {
  input: SupervisorInput;
  model: ModelProcessDeps;
  probe: ProbeDeps;
  router: RouterProcessDeps;
  findEngine(): Promise<EngineFound | null>;
  installEngine(onProgress: (fact: InstallFact) => void, signal: AbortSignal): Promise<EngineFound>;
  /** A model's snapshot changed; `by` is given when its state did. */
  onModel(id: string, change: { state: ModelState; by: By | null } | null): void;
  onRouter(change: { state: RouterState; by: By | null } | null): void;
  onEngine(): void;
  onEmitted(event: SupervisorEmitted): void;
  /** An error that no machine handled. The system goes on if it can. */
  onError(error: unknown): void;
}

export type ModelSnapshot = SnapshotFrom<typeof modelMachine>;

export interface ActorSystem {
  send(command: SupervisorCommand): void;
  model(id: string): ModelSnapshot | undefined;
  modelIds(): string[];
  /** What the supervisor believes of a model that has been loaded. */
  row(id: string): Row | undefined;
  residents(): ReturnType<typeof residentsOf>;
  /** For the inspector. */
  root: AnyActorRef;
  /** Loads that wait, with what each waits for. */
  queue(): { id: string; reason: string }[];
  router: ActorRefFrom<typeof routerMachine>;
  engine: ActorRefFrom<typeof engineMachine>;
  /** Resolves when everything has stopped. */
  stopped: Promise<void>;
  start(): void;
  /** Ends what is left, by force. */
  kill(): void;
}

export const createActorSystem = (options: ActorSystemOptions): ActorSystem => {
  const machine = supervisorMachine.provide({
    actors: {
      engine: engineMachine.provide({
        actors: {
          findEngine: fromPromise<EngineFound | null>(() => options.findEngine()),
          installEngine: installer(options),
        },
      }),
      model: modelMachine.provide({
        actors: {
          modelProcess: modelProcess(options.model),
          readinessProbe: readinessProbe(options.probe),
          idleGate: idleGate(options.router.link),
        },
      }),
      router: routerMachine.provide({ actors: { routerProcess: routerProcess(options.router) } }),
    },
  });
  const root = createActor(machine, { input: options.input });
  const watched = new Map<string, () => void>();

  const modelRow = (id: string) => {
    const { rows } = root.getSnapshot().context;
    return Object.hasOwn(rows, id) ? rows[id] : undefined;
  };

  const watchModel = (id: string): void => {
    watched.get(id)?.();
    const ref = modelRow(id)?.ref;
    if (ref === undefined) return;
    let last: ModelState | null = null;
    const look = (snapshot: ModelSnapshot): void => {
      const state = snapshot.value;
      options.onModel(id, state === last ? null : { state, by: snapshot.context.by });
      last = state;
    };
    const subscription = ref.subscribe({ next: look, error: options.onError });
    watched.set(id, () => subscription.unsubscribe());
    look(ref.getSnapshot());
  };

  for (const type of ['request.settled', 'demand.refused', 'decision.made', 'hold.changed'] as const)
    root.on(type, options.onEmitted);
  // Emitted in the middle of a transition, when the row is not in the snapshot yet.
  root.on('model.spawned', ({ id }) => queueMicrotask(() => watchModel(id)));

  let resolveStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => {
    resolveStopped = resolve;
  });
  root.subscribe({
    complete: () => resolveStopped(),
    error: (error) => {
      options.onError(error);
      resolveStopped();
    },
  });
  const { router, engine } = root.getSnapshot().context;
  let routerState: RouterState = 'unloaded';
  router.subscribe({
    next: (snapshot) => {
      const state = snapshot.value;
      options.onRouter(state === routerState ? null : { state, by: snapshot.context.by });
      routerState = state;
    },
    error: options.onError,
  });
  engine.subscribe({ next: () => options.onEngine(), error: options.onError });

  return {
    send: (command) => root.send(command),
    model: (id) => modelRow(id)?.ref.getSnapshot(),
    root,
    row: modelRow,
    residents: () => {
      const { rows, routerState: serves } = root.getSnapshot().context;
      return residentsOf(rows, serves === 'loaded');
    },
    queue: () => {
      const { pending, waiting } = root.getSnapshot().context;
      return pending.map(({ id, serial }) => ({
        id,
        reason: waiting.find((wait) => wait.serial === serial)?.reason ?? 'It is next.',
      }));
    },
    modelIds: () => Object.keys(root.getSnapshot().context.rows),
    router,
    engine,
    stopped,
    start: () => void root.start(),
    kill: () => {
      for (const unsubscribe of watched.values()) unsubscribe();
      root.stop();
      resolveStopped();
    },
  };
};

const installer = (options: ActorSystemOptions) =>
  fromCallback<EventObject>(({ sendBack }) => {
    const cancel = new AbortController();
    options
      .installEngine((fact) => sendBack(fact), cancel.signal)
      .then(
        (engine) => sendBack({ type: 'install.finished', engine } satisfies InstallFact),
        (error: unknown) => {
          if (!cancel.signal.aborted) {
            sendBack({
              type: 'install.failed',
              problem: error instanceof Error ? error.message : String(error),
            } satisfies InstallFact);
          }
        },
      );
    return () => cancel.abort();
  });
