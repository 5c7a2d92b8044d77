/**
 * Everything in the repository that is written by a program. `entry` is a TypeScript module that exports
 * `generate(): Promise<Record<path, content>>`, paths relative to the root, the same output for the same sources.
 * `owns` names folders in which nothing else may lie.
 */
export const generators = [
  { name: 'visualizations', entry: 'scripts/visualize/index.ts', owns: ['visualizations'] },
  { name: 'contracts', entry: 'src/commands/contract-table.ts', owns: [] },
  { name: 'cli', entry: 'scripts/generate/cli.ts', owns: [] },
  { name: 'api', entry: 'scripts/generate/api.ts', owns: [] },
  { name: 'configuration', entry: 'scripts/generate/configuration.ts', owns: [] },
  { name: 'metrics', entry: 'scripts/generate/metrics.ts', owns: [] },
];
