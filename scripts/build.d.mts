/** Builds what is stale below `at` (default: this repository) and returns the names of the steps that ran. */
export function buildIfStale(options?: {
  at?: string;
  log?: (line: string) => void;
  force?: boolean;
}): Promise<string[]>;
