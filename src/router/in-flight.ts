import type { Roster } from './roster.ts';
import type { FromRouter } from '../contracts/ipc.ts';
import { failure } from './failures.ts';
import type { Failure } from './failures.ts';
import type { Lanes } from './lanes.ts';
import type { ProxyRequest } from './proxy-request.ts';

/** More would help nobody, and must not stop the tokens while it is put together. */
const MOST = 1000;

/** 409 is what OpenAI's clients send again by themselves, which would undo what the person has just done. */
const CANCELLED: Failure = failure('INVALID_STATE', 'The operator of this server cancelled the request.', {
  apiCode: 'request_cancelled',
  headers: { 'x-should-retry': 'false' },
});

/** Answers what the control plane asks about the requests of this moment. */
export class InFlight {
  readonly #send: (message: FromRouter) => void;
  readonly #running: Roster<ProxyRequest>;
  readonly #lanes: Lanes;

  constructor(send: (message: FromRouter) => void, running: Roster<ProxyRequest>, lanes: Lanes) {
    this.#send = send;
    this.#running = running;
    this.#lanes = lanes;
  }

  tell(token: number): void {
    const now = performance.now();
    const positions = this.#lanes.positions();
    const requests = [...this.#running]
      .slice(0, MOST)
      .flatMap((request) => request.view(now, positions.get(request) ?? null) ?? []);
    this.#send({ type: 'requests', token, requests, total: this.#running.size });
  }

  cancel(token: number, id: string): void {
    const found = [...this.#running].find((request) => request.id === id && !request.isOver);
    found?.cut(CANCELLED);
    this.#send({ type: 'cancelled', token, found: found !== undefined });
  }
}
