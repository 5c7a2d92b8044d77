/** The flags of commands that change what runs, and what they print before they do. */
import type { Command } from 'commander';
import type { Apply, ChangeEffectView } from '../contracts/changes.ts';
import { UsageError } from './exit.ts';
import type { Session } from './session.ts';
import { effectLines } from './text/effects.ts';

export interface ApplyFlags {
  preview?: boolean;
  force?: boolean;
  nextLoad?: boolean;
}

export const withApply = (command: Command): Command =>
  command
    .option('--preview', 'only say what would happen')
    .option('--force', 'restart at once what has to restart, cutting requests that run')
    .option('--next-load', 'restart nothing; models take it when they are loaded again');

export const applyPayload = ({ force, nextLoad }: ApplyFlags): { apply?: Apply } => {
  if (force === true && nextLoad === true) throw new UsageError('--force and --next-load exclude each other.');
  return force === true ? { apply: 'now' } : nextLoad === true ? { apply: 'next-load' } : {};
};

export const printEffects = (session: Session, effects: readonly ChangeEffectView[]): void => {
  for (const line of effectLines(effects)) session.print(`  ${line}\n`);
};
