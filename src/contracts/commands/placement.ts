/** `placement:*` and `decisions:*`: what would happen, and why what happened did. */
import { z } from 'zod';
import type { DecisionView, DeviceBytesView, ModelMemoryView } from '../views.ts';
import { modelRef, returns } from './define.ts';

export interface ExplainView {
  modelId: string;
  verdict: 'fits' | 'evicts' | 'waits' | 'refused' | 'loaded';
  reason: string;
  evicts: string[];
  /** Sums over all devices, for a glance. */
  requiredBytes: number;
  availableBytes: number;
  /** By device: the least it can run with, what it would take where there is enough, what is free now in all, what of that
   * remains after what others were promised and the reserve, and what is missing. `available` and `free` are null when unknown. */
  required: DeviceBytesView;
  takes: DeviceBytesView;
  available: DeviceBytesView | null;
  free: DeviceBytesView | null;
  short: DeviceBytesView;
  /** Who would leave or is waited for, and what that gives. */
  leaving: { id: string; bytes: DeviceBytesView; why: string }[];
  waitsFor: string[];
  modelsMax: number;
  present: number;
  /** Loads that wait already and come first. */
  queue: { id: string; reason: string }[];
  memory: ModelMemoryView;
  /** What the estimate is made of, by device; corrected where `measured` says so. */
  parts: { device: string; model: number; context: number; compute: number; other: number; measured: boolean }[];
  /** Tokens of context that the estimate reckons with, at the least and where there is enough. */
  contextTokens: { least: number; most: number };
}

export const placementCommands = {
  'placement:explain': returns<{ explanation: ExplainView }>()(
    'observe',
    modelRef,
    'What would happen if this model were loaded now.',
  ),
  'decisions:list': returns<{ decisions: DecisionView[] }>()(
    'observe',
    z.object({ limit: z.int().min(1).max(1000).default(100) }),
    'Why models were admitted, evicted, queued or refused; newest first.',
  ),
} as const;
