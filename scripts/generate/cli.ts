import { cliReference } from '../../src/cli/reference.ts';

export const generate = (): Promise<Record<string, string>> => Promise.resolve({ 'docs/cli.md': cliReference() });
