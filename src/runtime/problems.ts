/** What is wrong with files that people edit, one problem per file, until the file is mended. */
import type { ProblemView } from '../contracts/changes.ts';
import { CodedError } from '../contracts/errors.ts';

export interface Problems {
  list(): ProblemView[];
  /** Remembers why a file cannot be used. Returns the problem as one sentence. */
  note(source: string, error: unknown): string;
  clear(source: string): void;
}

export const createProblems = (options: { now(): number; onChange(problems: ProblemView[]): void }): Problems => {
  const problems = new Map<string, ProblemView>();
  const list = (): ProblemView[] => [...problems.values()];
  return {
    list,
    note(source, error) {
      const line = error instanceof CodedError ? error.details?.['line'] : undefined;
      const message = error instanceof Error ? error.message : String(error);
      const before = problems.get(source);
      const problem = { source, line: typeof line === 'number' ? line : null, message, at: options.now() };
      problems.set(source, problem);
      if (before?.message !== message) options.onChange(list());
      return `${source} was edited and is not used: ${message} What ran before goes on.`;
    },
    clear(source) {
      if (problems.delete(source)) options.onChange(list());
    },
  };
};
