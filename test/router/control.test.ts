import { afterEach, describe, expect, it, vi } from 'vitest';
import { Control } from '../../src/router/control.ts';
import type { FromRouter } from '../../src/contracts/ipc.ts';

type Sent = Extract<FromRouter, { type: 'call' }>;

const control = (): { control: Control; sent: Sent[] } => {
  const sent: Sent[] = [];
  return { control: new Control((message) => void sent.push(message as Sent)), sent };
};

afterEach(() => vi.useRealTimers());

describe('commands from the router to the control plane', () => {
  it('resolves each call with the answer that bears its token, whatever the order', async () => {
    const { control: asked, sent } = control();
    const first = asked.call('logs:clear', {}, 1000, null);
    const second = asked.call('models:scan', { path: '/models' }, 1000, null);
    expect(sent.map(({ command, payload, key }) => [command, payload, key])).toEqual([
      ['logs:clear', {}, null],
      ['models:scan', { path: '/models' }, null],
    ]);
    asked.answered(sent[1]?.token ?? 0, { ok: true, result: { found: 2 } });
    asked.answered(sent[0]?.token ?? 0, { ok: true, result: { cleared: 7 } });
    expect(await first).toEqual({ cleared: 7 });
    expect(await second).toEqual({ found: 2 });
  });

  it('rejects with the refusal, its code and its details', async () => {
    const { control: asked, sent } = control();
    const call = asked.call('models:load', { modelId: 'x' }, 1000, null);
    const error = {
      code: 'DOES_NOT_FIT',
      message: 'Too large.',
      retryAfter: 3,
      details: { requiredBytes: 9 },
    } as const;
    asked.answered(sent[0]?.token ?? 0, { ok: false, error });
    await expect(call).rejects.toMatchObject(error);
  });

  it('gives up at the deadline, and drops what comes later', async () => {
    vi.useFakeTimers();
    const { control: asked, sent } = control();
    const call = asked.call('models:unload', { modelId: 'x' }, 2000, null);
    const outcome = expect(call).rejects.toMatchObject({ code: 'TIMEOUT' });
    vi.advanceTimersByTime(2000);
    await outcome;
    asked.answered(sent[0]?.token ?? 0, { ok: true, result: {} });
    expect(vi.getTimerCount()).toBe(0);
  });
});
