/** Polls /health, for engines that do not report readiness themselves. */
import { fromCallback } from 'xstate';
import type { ProcessCommand, ReadyInfo } from '../../../machines/process.ts';
import type { Upstream } from '../../contracts/ipc.ts';
import { engineProps } from './engine-props.ts';
import { upstreamGet } from './upstream-get.ts';

/** The first polls come fast, since a small model is ready in 20 ms; a big one does not need 40 requests a second. */
const FIRST_PAUSE_MS = 15;
const LONGEST_PAUSE_MS = 250;
/** An engine that should report readiness itself is only asked after this, in case it does not do so after all. */
const PROTOCOL_PATIENCE_MS = 2000;

export interface ProbeDeps {
  /** Where the process that is starting listens and whether it reports readiness itself; null until that is known. */
  target(id: string): { upstream: Upstream; childProtocol: boolean } | null;
  now(): number;
}

/** Sends `probe.passed` once, when /health answers 200, with what /props says of context and slots. */
export const readinessProbe = (deps: ProbeDeps) =>
  fromCallback<ProcessCommand, { id: string }>(({ input, sendBack }) => {
    let timer: NodeJS.Timeout | undefined;
    let done = false;
    let pause = FIRST_PAUSE_MS;
    const startedAt = deps.now();
    const again = (): void => {
      if (done) return;
      timer = setTimeout(() => void ask(), pause);
    };
    const ask = async (): Promise<void> => {
      const target = deps.target(input.id);
      const waits = target === null || (target.childProtocol && deps.now() - startedAt < PROTOCOL_PATIENCE_MS);
      if (!waits) {
        pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
        const info = await infoWhenHealthy(target.upstream);
        if (info !== null && !done) {
          done = true;
          sendBack({ type: 'probe.passed', at: deps.now(), info });
        }
      }
      again();
    };
    again();
    return () => {
      done = true;
      clearTimeout(timer);
    };
  });

const infoWhenHealthy = async (upstream: Upstream): Promise<ReadyInfo | null> => {
  try {
    if ((await upstreamGet(upstream, '/health', 2000)).status !== 200) return null;
  } catch {
    return null;
  }
  return { ...(await engineProps(upstream)), memory: null };
};
