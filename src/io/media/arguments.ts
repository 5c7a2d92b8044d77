/** A tool's arguments for one wish. Nothing of it ever passes through a shell. */
import { CodedError } from '../../contracts/errors.ts';
import { PLACEHOLDER } from '../../contracts/media-tool.ts';
import type { MediaArgument } from '../../contracts/media-tool.ts';
import type { MediaParamValue } from '../../contracts/media.ts';

/** Values by placeholder; an absent one has no value. */
export type ToolValues = Readonly<Record<string, MediaParamValue>>;

const valueOf = (values: ToolValues, name: string): MediaParamValue | undefined =>
  Object.hasOwn(values, name) ? values[name] : undefined;

/**
 * Free text at the start of an argument must not become an option of the tool. A blank before a prompt changes nothing; in any
 * other text it might, so that is refused.
 */
const guarded = (text: string, name: string, atStart: boolean, free: ReadonlySet<string>): string => {
  if (!atStart || !text.startsWith('-') || !free.has(name)) return text;
  if (name === 'prompt') return ` ${text}`;
  throw new CodedError('INVALID_PAYLOAD', `The parameter "${name}" must not begin with a dash.`);
};

const filled = (text: string, values: ToolValues, free: ReadonlySet<string>): string =>
  text.replaceAll(PLACEHOLDER, (whole, name: string | undefined, at: number) => {
    if (name === undefined) return whole.slice(1);
    return guarded(String(valueOf(values, name) ?? ''), name, at === 0, free);
  });

const counts = ({ when, is }: Exclude<MediaArgument, string>, values: ToolValues): boolean => {
  const value = valueOf(values, when);
  if (is !== undefined) return value === is;
  return value !== undefined && value !== '' && value !== false;
};

/**
 * Throws INVALID_PAYLOAD for a text that the tool would take for an option.
 *
 * @param free names whose values are free text
 */
export const toolArguments = (
  args: readonly MediaArgument[],
  values: ToolValues,
  free: ReadonlySet<string>,
): string[] =>
  args.flatMap((arg) => {
    if (typeof arg === 'string') return [filled(arg, values, free)];
    return counts(arg, values) ? arg.args.map((each) => filled(each, values, free)) : [];
  });
