/** Where the running processes listen, and what they were started with. */
import type { Upstream } from '../contracts/ipc.ts';
import type { LaunchPlan } from '../io/llama/launch.ts';

export interface Endpoints {
  /** Null unless the model's process is starting or running. */
  model(id: string): LaunchPlan | null;
  upstream(id: string): Upstream | null;
  planned(id: string, plan: LaunchPlan | null): void;
  routerUrl(): string | null;
  routerListens(address: { host: string; port: number } | null): void;
}

export const createEndpoints = (): Endpoints => {
  const plans = new Map<string, LaunchPlan>();
  let router: { host: string; port: number } | null = null;
  return {
    model: (id) => plans.get(id) ?? null,
    upstream: (id) => plans.get(id)?.upstream ?? null,
    planned(id, plan) {
      if (plan === null) plans.delete(id);
      else plans.set(id, plan);
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
