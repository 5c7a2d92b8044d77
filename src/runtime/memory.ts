/** What models take and what the machine has, by device: the header's estimate, the engine's measurement, the system's numbers. */
import { statSync } from 'node:fs';
import os from 'node:os';
import { inRam, minus, sumOf, totalOf } from '../../machines/devices.ts';
import type { DeviceBytes } from '../../machines/devices.ts';
import { holdsMemory } from '../../machines/placement.ts';
import type { MeasuredMemory } from '../../machines/process.ts';
import type { MetricsView, ModelMemoryView, ParameterValue } from '../contracts/views.ts';
import { bytesOfParts, estimateMemory } from '../io/models/memory-estimate.ts';
import type { DeviceParts, MemoryEstimate } from '../io/models/memory-estimate.ts';
import type { ActorSystem } from './actor-system.ts';
import type { Known } from './catalog.ts';
import type { Measurements } from './measurements.ts';

type Parameters = Readonly<Record<string, ParameterValue>>;

/** What a load asks for: the least it can run with, and what it takes where there is enough. */
export interface Demand {
  needs: DeviceBytes;
  takes: DeviceBytes;
  estimate: MemoryEstimate;
}

export interface Memory {
  demand(known: Known, parameters: Parameters): Demand;
  view(known: Known, parameters: Parameters): ModelMemoryView;
  /** A model is loaded and this is what the engine says it took; what it holds now, by device. */
  measured(known: Known, parameters: Parameters, memory: MeasuredMemory): DeviceBytes;
  /** Free now for new processes, before reserve and promises; null when unknown. */
  available(): DeviceBytes | null;
}

export interface MemoryOptions {
  metrics(): MetricsView | null;
  measurements: Measurements;
  /** Asked for lazily: the actors' own ports lead here. */
  system(): ActorSystem;
  /** The models that are there, with what they were started with. */
  known(id: string): { known: Known; parameters: Parameters } | null;
  /** Stands in for the machine's free memory; for tests and for experiments with placement. */
  free?: (() => DeviceBytes | null) | undefined;
}

const devicesOf = (parts: readonly DeviceParts[]): DeviceBytes => {
  const [ram = 0, ...gpus] = parts.map(bytesOfParts);
  return { ram, gpus };
};

const sizes = new Map<string, number>();
/** A projector does not change under its name without the scan telling of another pair. */
const projectorBytes = (path: string | null): number => {
  if (path === null) return 0;
  const known = sizes.get(path);
  if (known !== undefined) return known;
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  sizes.set(path, size);
  return size;
};

export const createMemory = (options: MemoryOptions): Memory => {
  const { measurements } = options;

  const estimate = (known: Known, parameters: Parameters, measured: MeasuredMemory | null): MemoryEstimate =>
    estimateMemory({
      facts: known.file?.facts ?? null,
      fileBytes: known.file?.size ?? 0,
      mmprojBytes: projectorBytes(known.file?.mmproj ?? null),
      parameters,
      gpus: (options.metrics()?.gpus ?? []).map(({ memoryTotal }) => memoryTotal ?? 0),
      measured,
    });

  const demand = (known: Known, parameters: Parameters): Demand => {
    const found = estimate(known, parameters, measurements.of(known, parameters));
    return { needs: devicesOf(found.least), takes: devicesOf(found.most), estimate: found };
  };

  /** At the context that was really given. */
  const taken = (known: Known, parameters: Parameters, memory: MeasuredMemory): DeviceBytes => {
    const given = memory.contextTokens === null ? {} : { 'ctx-size': memory.contextTokens };
    return devicesOf(estimate(known, { ...parameters, ...given }, memory).most);
  };

  return {
    demand,
    view(known, parameters) {
      const { takes } = demand(known, parameters);
      const memory = measurements.of(known, parameters);
      const measured = memory === null ? null : taken(known, parameters, memory);
      return {
        estimatedBytes: totalOf(takes),
        estimated: takes,
        measuredBytes: measured === null ? null : totalOf(measured),
        measured,
      };
    },
    measured(known, parameters, memory) {
      measurements.note(known, parameters, memory);
      return taken(known, parameters, memory);
    },
    available() {
      if (options.free !== undefined) return options.free();
      const there = options.system().residents().filter(holdsMemory);
      const gpus = options.metrics()?.gpus ?? [];
      const ours = sumOf(there.map(({ bytes }) => bytes));
      const free = {
        ram: freeRam(),
        // The sample may be older than our newest load, so what we know to have taken counts at least.
        gpus: gpus.map(({ memoryTotal, memoryUsed }, device) =>
          memoryTotal === null ? 0 : Math.max(0, memoryTotal - Math.max(memoryUsed ?? 0, ours.gpus[device] ?? 0)),
        ),
      };
      if (isConfined()) return free;
      const mapped = there.map(({ id }) => {
        const model = options.known(id);
        if (model === null) return inRam(0);
        return inRam(estimate(model.known, model.parameters, measurements.of(model.known, model.parameters)).mapped);
      });
      const left = minus(free, sumOf(mapped));
      return { ram: Math.max(0, left.ram), gpus: left.gpus };
    },
  };
};

/**
 * What a new process can have. The system's figure (MemAvailable) counts pages of mapped files as available, those of loaded
 * models' weights too, which is why `available` takes them off again. In a container with a limit it is the limit less all that is
 * charged to it, file pages included, so there is nothing to take off.
 */
const freeRam = (): number =>
  typeof process.availableMemory === 'function' ? process.availableMemory() : os.freemem();

const isConfined = (): boolean => {
  const limit = typeof process.constrainedMemory === 'function' ? process.constrainedMemory() : 0;
  return limit > 0 && limit < os.totalmem();
};
