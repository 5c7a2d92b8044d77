import { describe, expect, it } from 'vitest';
import { engineThreads } from '../../src/io/llama/launch.ts';

describe('the HTTP threads of an engine', () => {
  it('are enough for every connection of the router and some questions besides, and no more than a swap can bear', () => {
    expect(engineThreads(null, null)).toEqual({ threads: 64, connections: 52 });
    expect(engineThreads(4, 8)).toEqual({ threads: 64, connections: 52 });
  });

  it('grow with the slots, so that some wait where they are answered next, and with what the model is meant to get at once', () => {
    expect(engineThreads(256, null)).toEqual({ threads: 524, connections: 512 });
    expect(engineThreads(4, 300)).toEqual({ threads: 312, connections: 300 });
  });

  it('are bounded', () => {
    expect(engineThreads(4, 10_000)).toEqual({ threads: 1024, connections: 1012 });
  });
});
