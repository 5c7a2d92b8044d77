import { Argument } from 'commander';
import type { Command } from 'commander';
import { bashCompletion } from '../completions/bash.ts';
import { fishCompletion } from '../completions/fish.ts';
import { completionTree } from '../completions/tree.ts';
import type { CommandNode } from '../completions/tree.ts';
import { zshCompletion } from '../completions/zsh.ts';
import type { CliHost } from '../host.ts';

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const;
type Shell = keyof typeof SHELLS;

/** The completion script of a shell, generated from the tree of commands. */
export const completionScript = (shell: Shell, program: Command): string => {
  const tree: CommandNode = completionTree(program);
  return SHELLS[shell](program.name(), tree);
};

export const registerCompletions = (program: Command, host: CliHost): void => {
  program
    .command('completions')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', '\nFor example: source <(llamactor completions bash)')
    .action((shell: Shell) =>
      host.run((session) => {
        session.print(completionScript(shell, program));
        return Promise.resolve();
      }),
    );
};
