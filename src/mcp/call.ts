import type { CommandInput, CommandName, CommandResult } from '../contracts/commands.ts';

/** Runs a command, in this product's own words. Rejects with a CodedError. */
export type Call = <N extends CommandName>(name: N, input: CommandInput<N>) => Promise<CommandResult<N>>;
