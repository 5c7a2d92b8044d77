/** `placement:*` and `decisions:*`: what would happen, and why what happened did. */
import { z } from 'zod';
import type { DecisionView } from '../views.ts';
import { modelRef, returns } from './define.ts';

export interface ExplainView {
  modelId: string;
  verdict: 'fits' | 'evicts' | 'waits' | 'refused' | 'loaded';
  reason: string;
  evicts: string[];
  requiredBytes: number;
  availableBytes: number;
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
