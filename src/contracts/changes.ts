/** What a change of configuration, preset or record does to what runs: the same list before it happens and when it does. */
import { z } from 'zod';

/** Whether models whose parameters changed are exchanged now, when no request is in flight, or left until somebody loads them. */
export const APPLY = ['now', 'when-idle', 'next-load'] as const;
export type Apply = (typeof APPLY)[number];

/** Fields that every changing command takes; `force` is the short way to say `apply: "now"`. */
export const applyFields = { force: z.boolean().optional(), apply: z.enum(APPLY).optional() };

export const applyOf = (fields: { force?: boolean | undefined; apply?: Apply | undefined }): Apply =>
  fields.force === true ? 'now' : (fields.apply ?? 'when-idle');

/** A key with what it was and what it becomes; null where it is not set. */
export interface ChangedKey {
  key: string;
  from: unknown;
  to: unknown;
}

export type ChangeKind =
  /** A loaded or loading model gets another process. */
  | 'restart-model'
  | 'restart-router'
  /** The router is told, and goes on. */
  | 'router-settings'
  | 'rescan'
  | 'engine-check'
  | 'server-restart-needed'
  /** Nothing is restarted: it counts at once, or a model that is not running takes it when it is loaded. */
  | 'none';

export interface ChangeEffectView {
  kind: ChangeKind;
  /** Given when the effect is on one model. */
  modelId?: string;
  changed: ChangedKey[];
  /** "next start" is that of the server, or of the router where the kind says so. */
  when: 'now' | 'when idle' | 'next load' | 'next start';
}

/** One key of the configuration as it is stored and as it counts. */
export interface ConfigRow {
  key: string;
  requested: unknown;
  /** What runs now; for `modelsDir` and `serverPath` the folder and the program that an empty value stands for. */
  effective: unknown;
  /** Where the effective value comes from; "start" is a flag or variable of this start, which wins over what is stored. */
  source: 'default' | 'stored' | 'start';
  /** What has to start again before the stored value counts; null when it counts, or never will in this run. */
  waitsFor: 'server' | 'router' | null;
}

/** What is wrong with a file that somebody edited; what ran before it goes on. */
export interface ProblemView {
  /** Path below the data folder, for example "config.json" or "presets/default.ini". */
  source: string;
  /** From 1; null when the fault has no place. */
  line: number | null;
  message: string;
  at: number;
}

/** What a starting engine says it gives. */
export interface EngineGiven {
  /** Tokens of all slots together. */
  context?: number;
  batchSize?: number;
  microBatchSize?: number;
  flashAttention?: boolean;
  /** Layers on the GPU. */
  gpuLayers?: number;
  threads?: number;
  cacheTypeK?: string;
  cacheTypeV?: string;
  unifiedCache?: boolean;
}

/**
 * Where a parameter's value comes from. "engine" is the engine's own choice, for what nobody asked for; "earlier" is what was
 * asked for when the process started and is not any more.
 */
export type ParameterSource = 'config' | 'preset [*]' | 'preset section' | 'record' | 'engine' | 'earlier';

/** One parameter as it was asked for and as the engine really gave it. */
export interface EffectiveRow {
  key: string;
  requested: string | number | boolean | null;
  source: ParameterSource;
  /** What the engine says; what it was started with where it says nothing; null when the model does not run. */
  effective: string | number | boolean | null;
  /** Who says so. */
  told: 'engine' | 'command line' | null;
  differs: boolean;
}
