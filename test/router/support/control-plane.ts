import type { CallOutcome, FromRouter } from '../../../src/contracts/ipc.ts';
import type { Harness } from './harness.ts';

type Call = Extract<FromRouter, { type: 'call' }>;

/** Answers the nth command that the router asks for (1 is the first); returns it. */
export const answerCall = async (harness: Harness, n: number, outcome: CallOutcome): Promise<Call> => {
  const call = await harness.nth('call', n);
  harness.tell({ type: 'answer', token: call.token, outcome });
  return call;
};

export const succeed = (result: unknown): CallOutcome => ({ ok: true, result });
