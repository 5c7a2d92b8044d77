import type { Command } from 'commander';
import { nearestNames } from '../contracts/nearest.ts';
import { UsageError } from './exit.ts';

/**
 * What a group of commands (`preset`, `engine`) does without a subcommand. Commander's own default command would take a misspelt
 * subcommand for an argument and complain about that, instead of naming the one that was meant.
 */
export const byDefault = (group: Command, work: () => Promise<void>): void => {
  group.allowExcessArguments().action(() => {
    const [word] = group.args;
    if (word === undefined) return work();
    const names = group.commands.map((command) => command.name());
    throw new UsageError(
      `There is no command "${group.name()} ${word}"; did you mean ${nearestNames(word, names)[0] ?? names.join(', ')}? See \`llamactor ${group.name()} --help\`.`,
    );
  });
};
