/** Where the running processes listen, and what they were started with. */
import type { Upstream } from '../contracts/ipc.ts';
import type { EngineGiven } from '../contracts/changes.ts';
import type { LaunchPlan } from '../io/llama/launch.ts';

export interface Endpoints {
  /** Null unless the model's process is starting or running. */
  model(id: string): LaunchPlan | null;
  upstream(id: string): Upstream | null;
  /** What the engine's log said it gave to the model; empty while it has said nothing. */
  given(id: string): EngineGiven;
  gives(id: string, given: EngineGiven): void;
  planned(id: string, plan: LaunchPlan | null): void;
  routerUrl(): string | null;
  routerListens(address: { host: string; port: number } | null): void;
}

export const createEndpoints = (): Endpoints => {
  const givens = new Map<string, EngineGiven>();
  const plans = new Map<string, LaunchPlan>();
  let router: { host: string; port: number } | null = null;
  return {
    model: (id) => plans.get(id) ?? null,
    upstream: (id) => plans.get(id)?.upstream ?? null,
    given: (id) => givens.get(id) ?? {},
    gives: (id, given) => void givens.set(id, given),
    planned(id, plan) {
      if (plan === null) {
        plans.delete(id);
        givens.delete(id);
      } else plans.set(id, plan);
    },
    routerUrl() {
      if (router === null) return null;
      const host = ['0.0.0.0', '::'].includes(router.host) ? 'localhost' : router.host;
      return `http://${host.includes(':') ? `[${host}]` : host}:${router.port}`;
    },
    routerListens(address) {
      router = address;
    },
  };
};
