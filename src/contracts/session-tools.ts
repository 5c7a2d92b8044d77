/** The tools of a session's model: their arguments are checked by these schemas, and described to the model by them. */
import { z } from 'zod';

const ref = z
  .string()
  .trim()
  .regex(/^e\d{1,6}$/, 'must be a reference that `read` has shown, like e12')
  .describe('Reference of an element, as `read` shows it, for example e12');

export const SESSION_TOOLS = {
  navigate: {
    about: 'Opens an address in the browser and shows the page.',
    arguments: z.object({ url: z.string().trim().min(1).max(2048).describe('Address, http or https') }),
  },
  read: {
    about: 'Shows the page as text; what can be used has a reference like [e12].',
    arguments: z.object({
      from: z.int().min(0).max(10_000_000).default(0).describe('Character to go on at, for long pages'),
    }),
  },
  click: { about: 'Clicks an element.', arguments: z.object({ ref }) },
  type: {
    about: 'Replaces what is in a field by a text.',
    arguments: z.object({
      ref,
      text: z.string().max(10_000),
      submit: z.boolean().default(false).describe('Press Enter afterwards'),
    }),
  },
  press: {
    about: 'Presses a key, for example Enter, Escape, Tab or ArrowDown.',
    arguments: z.object({ key: z.string().trim().min(1).max(32) }),
  },
  scroll: {
    about: 'Scrolls the page by one screen.',
    arguments: z.object({ direction: z.enum(['down', 'up', 'top', 'bottom']).default('down') }),
  },
  select: {
    about: 'Chooses in a list by the visible text or the value.',
    arguments: z.object({ ref, values: z.array(z.string().max(1000)).min(1).max(50) }),
  },
  back: { about: 'Goes back to the page before.', arguments: z.object({}) },
  wait: {
    about: 'Waits for a text to appear, or for some seconds.',
    arguments: z.object({
      text: z.string().trim().min(1).max(500).optional(),
      seconds: z.number().min(0).max(30).default(5),
    }),
  },
  screenshot: { about: 'Takes a picture of what the browser shows.', arguments: z.object({}) },
  download: {
    about: 'Downloads what a link or button of the page gives, into the folder of this session.',
    arguments: z.object({ ref }),
  },
  upload: {
    about: 'Gives one of the attached files to a file field of the page.',
    arguments: z.object({ ref, fileId: z.string().trim().min(1).max(128) }),
  },
  open_file: {
    about: 'Shows the text of an attached file.',
    arguments: z.object({
      fileId: z.string().trim().min(1).max(128),
      from: z.int().min(0).max(100_000_000).default(0).describe('Character to go on at, for long files'),
    }),
  },
  ask: {
    about: 'Asks the person a question and waits for the answer. Only for what you cannot find out or may not decide.',
    arguments: z.object({ question: z.string().trim().min(1).max(2000) }),
  },
  finish: {
    about: 'Ends the task. Say what was done and found, or why it cannot be done.',
    arguments: z.object({ answer: z.string().trim().min(1).max(20_000), done: z.boolean().default(true) }),
  },
} as const satisfies Record<string, { about: string; arguments: z.ZodType }>;

export type ToolName = keyof typeof SESSION_TOOLS;
export const TOOL_NAMES = Object.keys(SESSION_TOOLS) as ToolName[];
export const isToolName = (name: string): name is ToolName => Object.hasOwn(SESSION_TOOLS, name);

/** A checked call of one of them. */
export type ToolCall = {
  [N in ToolName]: { tool: N; arguments: z.output<(typeof SESSION_TOOLS)[N]['arguments']> };
}[ToolName];
