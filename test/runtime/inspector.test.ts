import { afterEach, describe, expect, it, vi } from 'vitest';
import type { InspectorFrameView } from '../../src/contracts/views.ts';
import { createInspector } from '../../src/runtime/inspector.ts';
import { redacted } from '../../src/runtime/inspector-redaction.ts';
import { startSupervisor } from '../machines/support/supervisor.ts';

const inspected = () => {
  const supervisor = startSupervisor();
  const inspector = createInspector(
    () => [supervisor.root],
    () => 1234,
  );
  const frames: InspectorFrameView[] = [];
  return { supervisor, inspector, frames, watch: () => inspector.watch((batch) => frames.push(...batch)) };
};

afterEach(() => vi.useRealTimers());

describe('the inspector', () => {
  it('lists every actor below its parent, with machine, state and name', () => {
    const { supervisor, inspector } = inspected();
    supervisor.load('alpha');
    const actors = inspector.actors();
    expect(actors.map(({ name, machine, state }) => [name, machine, state])).toEqual([
      ['supervisor', 'supervisor', 'running'],
      ['engine', 'engine', 'ready'],
      ['router', 'router', 'loaded'],
      ['router/process', null, null],
      ['model:alpha', 'model', 'loading'],
      ['model:alpha/process', null, null],
      ['model:alpha/probe', null, null],
    ]);
    const ids = new Set(actors.map(({ id }) => id));
    expect(actors.filter(({ parent }) => parent !== null && !ids.has(parent))).toEqual([]);
  });

  it('gives each machine’s definition as JSON with its states', () => {
    const { inspector } = inspected();
    const definitions = inspector.machines().map(({ id, definition }) => {
      const { states } = JSON.parse(definition) as { states: Record<string, unknown> };
      return [id, Object.keys(states)];
    });
    expect(definitions).toContainEqual(['model', ['unloaded', 'loading', 'loaded', 'stopping', 'error']]);
    expect(definitions.map(([id]) => id)).toEqual([
      ...['supervisor', 'engine', 'model', 'router', 'run-queue', 'run', 'session'],
      ...['mcp-servers', 'mcp-server'],
    ]);
  });

  it('tells each step with its event, its sender and both states, in order and without a gap', () => {
    vi.useFakeTimers();
    const { supervisor, inspector, frames, watch } = inspected();
    supervisor.load('alpha');
    const stop = watch();
    supervisor.ready('alpha');
    supervisor.unload('alpha');
    vi.advanceTimersByTime(50);
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
    const steps = frames
      .filter(({ actor }) => actor.name === 'model:alpha')
      .map(({ before, actor, event }) => [before, event.type, actor.state]);
    expect(steps).toEqual([
      ['loading', 'process.ready', 'loaded'],
      ['loaded', 'model.unload', 'stopping'],
    ]);
    const unload = frames.find(({ event }) => event.type === 'model.unload');
    const sender = inspector.actors().find(({ id }) => id === unload?.source);
    expect(sender?.name).toBe('supervisor');
    // Causes come before what they caused, although XState tells them the other way round.
    const types = frames.map(({ event }) => event.type);
    expect(types.indexOf('process.ready')).toBeLessThan(types.indexOf('requests.settled'));
    // Orders from outside have no sender, whatever was sent to the same actor before they were taken.
    const order = frames.find(({ actor, event }) => actor.name === 'supervisor' && event.type === 'models.unload');
    expect(order?.source).toBeNull();
    // The port was told as well: what a machine orders can be seen where it arrives.
    expect(
      frames.some(({ actor, event }) => actor.name === 'model:alpha/process' && event.type === 'process.stop'),
    ).toBe(true);
    stop();
  });

  it('records nothing before the first watcher and nothing after the last', () => {
    vi.useFakeTimers();
    const { supervisor, inspector, frames, watch } = inspected();
    supervisor.load('alpha');
    expect(inspector.seq()).toBe(0);
    const first = watch();
    const second = watch();
    first();
    supervisor.ready('alpha');
    vi.advanceTimersByTime(50);
    const told = frames.length;
    expect(told).toBeGreaterThan(0);
    second();
    const seq = inspector.seq();
    supervisor.unload('alpha');
    vi.advanceTimersByTime(1000);
    expect(inspector.seq()).toBe(seq);
    expect(frames).toHaveLength(told);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('redaction', () => {
  it('hides secrets, folders and bulk, and survives cycles of depth', () => {
    const deep: Record<string, unknown> = {};
    let inner = deep;
    for (let level = 0; level < 20; level += 1) inner = inner['next'] = {} as Record<string, unknown>;
    const shown = redacted({
      path: 'cannot open /srv/data/private/models/tiny.gguf: gone',
      token: 'abc',
      line: 'Authorization: Bearer abcdefgh12345678',
      many: Array.from({ length: 100 }, (_, index) => index),
      long: 'x'.repeat(10_000),
      deep,
      call: () => 1,
    }) as Record<string, unknown>;
    expect(shown['path']).toBe('cannot open …/tiny.gguf: gone');
    expect(shown['token']).toBe('[hidden]');
    expect(shown['line']).not.toContain('abcdefgh');
    expect((shown['many'] as unknown[]).at(-1)).toBe('… 40 more');
    expect((shown['long'] as string).length).toBeLessThan(500);
    expect(JSON.stringify(shown['deep'])).toContain('…');
    expect(shown['call']).toBeNull();
  });
});
