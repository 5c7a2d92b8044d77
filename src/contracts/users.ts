/** People: who a token says somebody is, and what that lets them do. Pure. */
import { z } from 'zod';
import { grants, SCOPES } from './keys.ts';
import type { Scope } from './keys.ts';

/** A person, as their token names them. Runs, sessions, approvals and notifications belong to a user. */
export interface User {
  userId: string;
  email: string | null;
  /** What the token names; null when it says nothing of scopes, as tokens of other applications do. */
  scopes: readonly Scope[] | null;
  /** Epoch ms; null is never. */
  expiresAt: number | null;
}

/** It becomes part of room names and of keys in a limiter: one line, and no longer than a name is. */
export const userId = z
  .string()
  .trim()
  .min(1)
  .max(128)
  .regex(/^[^\p{C}]+$/u, 'must be one line of text');

export const hasEnded = ({ expiresAt }: User, now: number): boolean => expiresAt !== null && expiresAt <= now;

/** What a token without scopes lets its user do where nobody gets in without a key or a token. */
const UNSAID: readonly Scope[] = ['operate'];

/**
 * Why a user may not do this, in one sentence; null when they may. A token without scopes takes nothing from its user where
 * everybody may do everything (`open`).
 */
export const userRefusal = ({ userId: id, scopes }: User, wanted: Scope, open: boolean): string | null => {
  if (scopes === null && open) return null;
  const given = scopes ?? UNSAID;
  if (grants(given, wanted)) return null;
  return `The token of ${JSON.stringify(id)} has ${given.length === 0 ? 'no scope' : `the scope ${given.join(', ')}`}, and this needs ${wanted}: use one that has it.`;
};

/** What a new token may say; the CLI checks by it too where no server runs. */
export const newToken = z.object({
  userId,
  email: z.email().max(254).nullable().default(null),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length).default(['operate']),
  /** Epoch ms; null is never. */
  expiresAt: z.int().positive().nullable().default(null),
});
export type NewToken = z.output<typeof newToken>;
