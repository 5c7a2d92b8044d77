export interface Verdict {
  passed: number;
  failed: number;
  /** One sentence per thing that kept the run from proving something. */
  problems: string[];
}
/** Runs the tests below `cwd` (default: this repository) and judges the run. */
export function runVitest(options?: { cwd?: string; args?: string[]; stdio?: 'inherit' | 'ignore' }): Promise<Verdict>;
