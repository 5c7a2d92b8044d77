/** What a media tool is: a command, how its arguments are made of a wish, and how its output tells its progress. */
import { z } from 'zod';

/** Kinds of media, by content. */
export const MEDIA_KINDS = ['image', 'video', 'audio', 'text', 'other'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export const toolName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'must be lower-case letters, digits and dashes, a letter first');
const paramName = z.string().regex(/^[a-z][a-zA-Z0-9]{0,31}$/, 'must be letters and digits, a lower-case letter first');
const ending = z.string().regex(/^[a-z0-9]{1,8}$/, 'must be the ending of a file name, without the dot');

const about = {
  name: paramName,
  /** What a form calls it; the name, when it is missing. */
  label: z.string().min(1).max(64).optional(),
  help: z.string().max(300).optional(),
  /** A wish without it is refused. */
  required: z.boolean().default(false),
};

export const MediaParam = z.discriminatedUnion('type', [
  z.object({
    ...about,
    type: z.enum(['integer', 'number']),
    default: z.number().optional(),
    min: z.number().optional(),
    max: z.number().optional(),
    /** What a form's arrows count by. */
    step: z.number().positive().optional(),
  }),
  z.object({ ...about, type: z.literal('boolean'), default: z.boolean().optional() }),
  z.object({
    ...about,
    type: z.literal('choice'),
    choices: z.array(z.string().min(1).max(64)).min(1).max(64),
    default: z.string().optional(),
  }),
  z.object({
    ...about,
    type: z.literal('text'),
    maxLength: z.int().min(1).max(20_000).default(1000),
    default: z.string().optional(),
  }),
  /** One of the files in a folder, named by its path inside of it. */
  z.object({
    ...about,
    type: z.literal('file'),
    /** Absolute; `models` stands for the folders of models. */
    folder: z.string().min(1).max(4096),
    endings: z
      .array(z.string().regex(/^[a-z0-9]{1,16}$/, 'must be an ending, without the dot'))
      .min(1)
      .max(16),
    default: z.string().optional(),
  }),
]);
export type MediaParam = z.output<typeof MediaParam>;

/**
 * Arguments as the tool gets them, never through a shell. `{prompt}`, `{input}`, `{output}`, `{stem}` (the output without its
 * ending) and `{name}` of a parameter stand for values; `{{` is a brace. A group is left out unless `when` has a value (or the
 * value `is`).
 */
export const MediaArgument = z.union([
  z.string().max(4096),
  z.object({
    when: z.string().max(32),
    is: z.union([z.string(), z.number(), z.boolean()]).optional(),
    args: z.array(z.string().max(4096)).min(1).max(64),
  }),
]);
export type MediaArgument = z.output<typeof MediaArgument>;

const pattern = z
  .string()
  .min(1)
  .max(500)
  .refine((text) => {
    try {
      new RegExp(text);
      return true;
    } catch {
      return false;
    }
  }, 'must be a regular expression');

/**
 * One way in which a line of output tells of progress. Named groups of the pattern: `percent`; `step` and `total`; `time` and
 * `duration` (each `H:MM:SS`, or seconds; `us` for microseconds); `message`. `total` and `duration` may come in an earlier line.
 */
export const MediaProgressRule = z.object({
  pattern,
  /** The stage that such a line begins. */
  stage: z.string().min(1).max(64).optional(),
  /** The part of the whole that this stage is, in percent. */
  from: z.number().min(0).max(100).optional(),
  to: z.number().min(0).max(100).optional(),
});
export type MediaProgressRule = z.output<typeof MediaProgressRule>;

const need = z.enum(['none', 'optional', 'required']);

const RESERVED = new Set(['prompt', 'input', 'output', 'stem']);
export const PLACEHOLDER = /\{\{|\{([a-zA-Z][a-zA-Z0-9]*)\}/g;

export const placeholdersIn = (text: string): string[] =>
  [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [name]));

const shape = z.object({
  name: toolName,
  title: z.string().min(1).max(64),
  description: z.string().max(300).default(''),
  /** The first of these that is there is run: names on PATH, or absolute paths. */
  commands: z.array(z.string().min(1).max(4096)).min(1).max(8),
  prompt: need.default('none'),
  input: need.default('none'),
  /** Kinds of media it takes as its input. */
  accepts: z
    .array(z.enum(MEDIA_KINDS))
    .min(1)
    .default([...MEDIA_KINDS]),
  /** Ending of the file it writes: fixed, or `{name}` of a choice. */
  output: z.string().max(40),
  args: z.array(MediaArgument).max(128),
  params: z.array(MediaParam).max(32).default([]),
  progress: z.array(MediaProgressRule).max(32).default([]),
  /** A parameter, in seconds, that bounds how much of the input's duration is worked on. */
  longest: z.string().max(32).optional(),
});

type Shape = z.output<typeof shape>;

/** Names that a tool may use although nobody gave them a value. */
const certain = ({ prompt, input, params }: Shape): Set<string> =>
  new Set([
    'output',
    'stem',
    ...(prompt === 'required' ? ['prompt'] : []),
    ...(input === 'required' ? ['input'] : []),
    ...params.flatMap((param) => (param.required || param.default !== undefined ? [param.name] : [])),
  ]);

/** What is wrong with how the parts fit together; null when nothing is. */
const misfit = (tool: Shape): { path: (string | number)[]; message: string } | null => {
  const names = tool.params.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index || RESERVED.has(name));
  if (twice !== undefined)
    return { path: ['params', names.lastIndexOf(twice)], message: `the name "${twice}" is taken` };
  const known = new Set([
    ...names,
    'output',
    'stem',
    ...(tool.prompt === 'none' ? [] : ['prompt']),
    ...(tool.input === 'none' ? [] : ['input']),
  ]);
  const sure = certain(tool);
  for (const [index, arg] of tool.args.entries()) {
    const path = ['args', index];
    if (typeof arg !== 'string' && !known.has(arg.when))
      return { path, message: `"${arg.when}" is no parameter of this tool` };
    for (const name of typeof arg === 'string' ? placeholdersIn(arg) : arg.args.flatMap(placeholdersIn)) {
      if (!known.has(name)) return { path, message: `{${name}} stands for nothing this tool has` };
      if (!sure.has(name) && (typeof arg === 'string' || arg.when !== name))
        return { path, message: `{${name}} may be without a value: put it into a group with "when": "${name}"` };
    }
  }
  if (tool.longest !== undefined && !names.includes(tool.longest))
    return { path: ['longest'], message: `"${tool.longest}" is no parameter of this tool` };
  const [chosen] = placeholdersIn(tool.output);
  if (chosen === undefined)
    return ending.safeParse(tool.output).success
      ? null
      : { path: ['output'], message: 'must be an ending such as png' };
  const choice = tool.params.find(({ name }) => name === chosen);
  const fits =
    tool.output === `{${chosen}}` &&
    choice?.type === 'choice' &&
    (choice.required || choice.default !== undefined) &&
    choice.choices.every((each) => ending.safeParse(each).success);
  return fits
    ? null
    : { path: ['output'], message: `{${chosen}} must be a choice of endings, with a default or required` };
};

/** What is wrong with a default; null when it may be what it is. */
const wrongDefault = (param: MediaParam): string | null => {
  if (param.default === undefined) return null;
  switch (param.type) {
    case 'integer':
    case 'number': {
      if (param.type === 'integer' && !Number.isInteger(param.default)) return 'the default is no whole number';
      const low = param.default < (param.min ?? -Infinity);
      return low || param.default > (param.max ?? Infinity) ? 'the default is outside of the range' : null;
    }
    case 'choice':
      return param.choices.includes(param.default) ? null : 'the default is none of the choices';
    default:
      return null;
  }
};

export const MediaTool = shape.superRefine((tool, context) => {
  const wrong = misfit(tool);
  if (wrong !== null) context.addIssue({ code: 'custom', ...wrong });
  for (const [index, param] of tool.params.entries()) {
    const message = wrongDefault(param);
    if (message !== null) context.addIssue({ code: 'custom', path: ['params', index], message });
  }
});
export type MediaTool = z.output<typeof MediaTool>;
