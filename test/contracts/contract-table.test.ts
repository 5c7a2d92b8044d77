import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES, failureCode } from '../../src/contracts/commands.ts';
import { contractTable } from '../../src/commands/contract-table.ts';

describe('the contract table', () => {
  const lines = contractTable().split('\n');

  it('has one row for every command, with its result event and failure code', () => {
    for (const name of COMMAND_NAMES) {
      const rows = lines.filter((line) => line.startsWith(`| \`${name}\` |`));
      expect(rows, name).toHaveLength(1);
      expect(rows[0]).toContain(`\`${name}:result\``);
      expect(rows[0]).toContain(`\`${failureCode(name)}\``);
    }
  });

  it('keeps every table row at its header’s number of cells', () => {
    const cells = (line: string): number => line.replaceAll('\\|', '').split('|').length;
    const table = lines.slice(0, lines.indexOf('## Connection, users and rooms'));
    const commands = table.filter((line) => /^\| `[a-z]/.test(line));
    expect(commands).toHaveLength(COMMAND_NAMES.length);
    expect(new Set(commands.map(cells))).toEqual(new Set([9]));
  });

  it('names optional fields, defaults and ranges', () => {
    expect(contractTable()).toContain('limit?: integer 1–1000 = 100');
    expect(contractTable()).toContain('{modelName?: string, modelId?: string}');
  });

  it('is the same text every time', () => {
    expect(contractTable()).toBe(contractTable());
    expect(contractTable().endsWith('\n')).toBe(true);
  });
});
