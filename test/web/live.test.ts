import { createRoot } from 'solid-js';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { CodedError } from '../../src/contracts/errors.ts';
import type { LiveChangeView, ModelView, SnapshotView } from '../../src/contracts/views.ts';
import type { Client, ClientEvent } from '../../web/net/client.ts';
import { createLive } from '../../web/state/live.ts';
import type { Live, Transition } from '../../web/state/live.ts';
import { aModel } from '../browser/fixture-models.ts';
import { readyEngine, runningRouter } from '../browser/fixture-server.ts';

const snapshot = (seq: number, models: ModelView[], serverTime = Date.now()): SnapshotView => ({
  seq,
  serverTime,
  version: '0.1.0',
  models,
  router: runningRouter,
  engine: readyEngine,
  downloads: [],
});

/** The client's seam: what it was asked, and the levers of the network. */
const wire = () => {
  const asked: { resolve: (view: SnapshotView) => void; reject: (error: Error) => void }[] = [];
  let tellChange: (change: LiveChangeView) => void = () => undefined;
  let tellConnection: (event: ClientEvent) => void = () => undefined;
  const client: Client = {
    request: (event) => {
      expect(event).toBe('live:subscribe');
      const answered = new Promise<SnapshotView>((resolve, reject) => asked.push({ resolve, reject }));
      return answered as Promise<never>;
    },
    on: () => () => undefined,
    onDirect: () => () => undefined,
    reconnect: () => undefined,
    onInspectorFrames: () => () => undefined,
    followRun: () => ({ ready: Promise.resolve(), next: () => 0, stop: () => undefined }),
    onLiveChange: (listener) => {
      tellChange = listener;
      return () => undefined;
    },
    onConnection: (listener) => {
      tellConnection = listener;
      return () => undefined;
    },
    connect: () => undefined,
    close: () => undefined,
  };
  const { live, dispose } = createRoot((end) => ({ live: createLive(client), dispose: end }));
  const answer = async (index: number, view: SnapshotView): Promise<void> => {
    asked[index]?.resolve(view);
    await Promise.resolve();
    await Promise.resolve();
  };
  return {
    asked,
    live,
    dispose,
    answer,
    change: (view: LiveChangeView) => tellChange(view),
    connection: (event: ClientEvent) => tellConnection(event),
  };
};

const stateOf = (live: Live, id: string): string | undefined => live.model(id)?.state;
const move = (seq: number, model: ModelView): LiveChangeView => ({ seq, changes: [{ kind: 'model', model }] });

afterEach(() => {
  vi.useRealTimers();
});

describe('the live store', () => {
  it('subscribes when connected, is live with the snapshot, follows increments and tells of moves only', async () => {
    const { live, answer, change, connection, asked, dispose } = wire();
    const moves: Transition[] = [];
    live.onTransition((transition) => moves.push(transition));
    expect(live.connection().phase).toBe('connecting');
    connection({ type: 'connected' });
    expect(asked).toHaveLength(1);
    expect(live.ready()).toBe(false);
    await answer(0, snapshot(7, [aModel('a'), aModel('b', { state: 'loaded' })]));
    expect(live.connection().phase).toBe('live');
    expect(live.ids()).toEqual(['a', 'b']);
    expect(moves).toEqual([]);
    const ids = live.ids();
    change(move(8, aModel('a', { state: 'loading', progress: 10 })));
    change(move(9, aModel('a', { state: 'loading', progress: 20 })));
    expect(live.model('a')?.progress).toBe(20);
    expect(live.ids()).toBe(ids);
    expect(moves.map(({ model, from }) => [model.id, from, model.state])).toEqual([['a', 'unloaded', 'loading']]);
    change({ seq: 10, changes: [{ kind: 'model.removed', id: 'b' }] });
    expect(live.ids()).toEqual(['a']);
    expect(live.model('b')).toBeUndefined();
    dispose();
  });

  it('asks again at a gap, once, says that the data is stale meanwhile, and is live after it', async () => {
    const { live, answer, change, connection, asked, dispose } = wire();
    connection({ type: 'connected' });
    await answer(0, snapshot(1, [aModel('a')]));
    change(move(3, aModel('a', { state: 'loaded' })));
    change(move(4, aModel('a', { state: 'stopping' })));
    expect(asked).toHaveLength(2);
    expect(live.connection().phase).toBe('stale');
    expect(stateOf(live, 'a')).toBe('unloaded');
    await answer(1, snapshot(3, [aModel('a', { state: 'loaded' })]));
    expect(live.connection().phase).toBe('live');
    // The increment that waited and is not in the snapshot was not lost.
    expect(stateOf(live, 'a')).toBe('stopping');
    dispose();
  });

  it('keeps showing what it has while the connection is away, and ignores an answer from before', async () => {
    const { live, answer, connection, asked, dispose } = wire();
    connection({ type: 'connected' });
    await answer(0, snapshot(1, [aModel('a', { state: 'loaded' })]));
    connection({ type: 'lost', reason: 'gone' });
    expect(live.connection()).toMatchObject({ phase: 'stale', problem: 'gone' });
    expect(stateOf(live, 'a')).toBe('loaded');
    connection({ type: 'connected' });
    connection({ type: 'lost', reason: 'gone again' });
    connection({ type: 'connected' });
    expect(asked).toHaveLength(3);
    await answer(1, snapshot(1, []));
    expect(live.ids()).toEqual(['a']);
    await answer(2, snapshot(1, [aModel('a')]));
    expect(live.connection().phase).toBe('live');
    expect(stateOf(live, 'a')).toBe('unloaded');
    dispose();
  });

  it('asks for a login when the key may not see the state, and does not ask the server again', async () => {
    vi.useFakeTimers();
    const { live, connection, asked, dispose } = wire();
    connection({ type: 'connected' });
    asked[0]?.reject(new CodedError('FORBIDDEN', 'It needs observe.'));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(live.connection()).toMatchObject({ phase: 'refused', problem: 'It needs observe.' });
    expect(asked).toHaveLength(1);
    dispose();
  });

  it('shows why a subscription failed and asks again after a pause', async () => {
    vi.useFakeTimers();
    const { live, answer, connection, asked, dispose } = wire();
    connection({ type: 'connected' });
    asked[0]?.reject(new CodedError('INTERNAL', 'It broke.'));
    await vi.advanceTimersByTimeAsync(0);
    expect(live.connection()).toMatchObject({ phase: 'connecting', problem: 'It broke.' });
    expect(asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(2);
    await answer(1, snapshot(1, []));
    expect(live.connection().phase).toBe('live');
    dispose();
  });

  it('knows how far the clocks are apart', async () => {
    const { live, answer, connection, dispose } = wire();
    connection({ type: 'connected' });
    await answer(0, snapshot(1, [], Date.now() + 90_000));
    expect(live.skew()).toBeGreaterThan(85_000);
    expect(live.skew()).toBeLessThanOrEqual(90_000);
    dispose();
  });
});
