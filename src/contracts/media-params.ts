/** Whether the parameters of a wish are what a tool's declaration allows. Pure. */
import { CodedError } from './errors.ts';
import type { MediaParamValue, MediaParamView } from './media.ts';
import { nearestNames } from './nearest.ts';

type Given = Readonly<Record<string, MediaParamValue>>;

const isNothing = (value: MediaParamValue | undefined): boolean => value === undefined || value === '';

/** A number as a command line writes it is taken as one; a form sends numbers. */
const asNumber = (value: MediaParamValue): number => (typeof value === 'string' ? Number(value) : NaN);

const range = (min: number | undefined, max: number | undefined): string => {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? '' : ` of at most ${max}`;
};

/** The value as the tool gets it, or what it must be. */
const valueOf = (param: MediaParamView, value: MediaParamValue): { value: MediaParamValue } | { must: string } => {
  switch (param.type) {
    case 'integer':
    case 'number': {
      const number = typeof value === 'number' ? value : asNumber(value);
      const { min = -Infinity, max = Infinity } = param;
      const fits = Number.isFinite(number) && number >= min && number <= max;
      if (fits && (param.type === 'number' || Number.isInteger(number))) return { value: number };
      return { must: `be a ${param.type === 'integer' ? 'whole ' : ''}number${range(param.min, param.max)}` };
    }
    case 'boolean':
      if (typeof value === 'boolean') return { value };
      return value === 'true' || value === 'false' ? { value: value === 'true' } : { must: 'be true or false' };
    case 'choice':
      return param.choices.includes(String(value))
        ? { value: String(value) }
        : { must: `be one of ${param.choices.join(', ')}` };
    case 'text':
      return typeof value === 'string' && value.length <= param.maxLength && !value.includes('\0')
        ? { value }
        : { must: `be text of at most ${param.maxLength} characters` };
    case 'file': {
      const files = param.files ?? [];
      if (files.includes(String(value))) return { value: String(value) };
      const listed =
        files.length === 0
          ? 'and there is none'
          : `such as ${nearestNames(String(value), files, 3).join(', ') || files.slice(0, 3).join(', ')}`;
      return {
        must: `name a file with the ending ${param.endings.join(', ')} in ${param.folder === 'models' ? 'the models folders' : param.folder}, ${listed}`,
      };
    }
  }
};

const defaultOf = (param: MediaParamView): MediaParamValue | undefined => {
  if (param.default !== undefined) return param.default;
  // With one model only there is nothing to choose.
  return param.type === 'file' && param.required ? param.files?.[0] : undefined;
};

/**
 * The parameters with defaults filled in. Throws INVALID_PAYLOAD with what the first wrong one must be.
 *
 * @param tool its name and its declared parameters
 */
export const checkedParams = (
  tool: { name: string; params: readonly MediaParamView[] },
  given: Given,
): Record<string, MediaParamValue> => {
  const names = tool.params.map(({ name }) => name);
  const unknown = Object.keys(given).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const [close] = nearestNames(unknown, names, 1);
    const hint = close === undefined ? '' : ` Did you mean "${close}"?`;
    throw new CodedError(
      'INVALID_PAYLOAD',
      `The tool ${tool.name} has no parameter "${unknown.slice(0, 64)}".${hint}`,
      {
        details: { params: names },
      },
    );
  }
  const values: Record<string, MediaParamValue> = {};
  for (const param of tool.params) {
    const wanted = Object.hasOwn(given, param.name) ? given[param.name] : undefined;
    const value = wanted === undefined || isNothing(wanted) ? defaultOf(param) : wanted;
    if (value === undefined) {
      if (!param.required) continue;
      throw new CodedError('INVALID_PAYLOAD', `The tool ${tool.name} needs the parameter "${param.name}".`);
    }
    const checked = valueOf(param, value);
    if ('must' in checked)
      throw new CodedError('INVALID_PAYLOAD', `The parameter "${param.name}" of ${tool.name} must ${checked.must}.`);
    values[param.name] = checked.value;
  }
  return values;
};
