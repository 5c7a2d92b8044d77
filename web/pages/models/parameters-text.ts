/** A model's parameters as lines of text, and back. Pure. */
import type { ParameterValue } from '../../../src/contracts/views.ts';

export const parametersAsText = (parameters: Readonly<Record<string, ParameterValue>>): string =>
  Object.entries(parameters)
    .map(([key, value]) => `${key} = ${String(value)}`)
    .join('\n');

const valueOf = (text: string): ParameterValue => {
  if (text === 'true') return true;
  if (text === 'false') return false;
  return text !== '' && Number.isFinite(Number(text)) && String(Number(text)) === text ? Number(text) : text;
};

export type ParsedParameters = { parameters: Record<string, ParameterValue> } | { problem: string };

/** Lines `key = value`; empty ones and comments (`;`, `#`) are left out. Says which line is wrong. */
export const parseParameters = (text: string): ParsedParameters => {
  const parameters: Record<string, ParameterValue> = {};
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue;
    const equals = line.indexOf('=');
    const key = equals === -1 ? '' : line.slice(0, equals).trim();
    if (key === '') return { problem: `Line ${String(index + 1)}: write “key = value”.` };
    if (key.startsWith('-'))
      return { problem: `Line ${String(index + 1)}: write “${key.replace(/^-+/, '')}” without dashes.` };
    parameters[key] = valueOf(line.slice(equals + 1).trim());
  }
  return { parameters };
};
