/** The configuration of sessions; part of CONFIG_KEYS. */
import { z } from 'zod';
import { RULE_ANSWERS, RULE_SUBJECTS } from './sessions.ts';

const subjects = RULE_SUBJECTS.join('|');
const answers = RULE_ANSWERS.join('|');
/** `example.com`, `*.example.com` or `127.0.0.1:8000`. */
const host = z
  .string()
  .trim()
  .regex(
    /^(?:\*\.)?[A-Za-z0-9_.:[\]-]{1,253}$|^\*$/,
    'must be a host like example.com, *.example.com or 10.0.0.5:8000',
  );

export const SESSION_KEYS = {
  'sessions.model': {
    schema: z.string().max(512),
    default: '',
    help: 'Model that works in sessions which name none; empty is a loaded one that can call tools, else the first that can.',
    restart: 'none',
  },
  'sessions.endpoint': {
    schema: z.union([z.literal(''), z.url({ protocol: /^https?$/ }).max(2048)]),
    default: '',
    help: 'OpenAI-compatible address whose model works in sessions, for example http://10.0.0.5:8000/v1; empty is this router.',
    restart: 'none',
  },
  'sessions.endpointKeyVariable': {
    schema: z.union([
      z.literal(''),
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, 'must be the name of a variable'),
    ]),
    default: '',
    help: 'Variable of the server’s environment with the key for sessions.endpoint; empty is no key.',
    restart: 'none',
  },
  'sessions.max': {
    schema: z.int().min(1).max(20),
    default: 2,
    help: 'Browsers that may run at once.',
    restart: 'none',
  },
  'sessions.maxSteps': {
    schema: z.int().min(1).max(1000),
    default: 50,
    help: 'Steps after which a session stops and asks whether to go on, unless it names another number.',
    restart: 'none',
  },
  'sessions.timeout': {
    schema: z.int().min(1).max(1440),
    default: 30,
    help: 'Minutes that a session may work; the time a person takes does not count.',
    restart: 'none',
  },
  'sessions.sweep': {
    schema: z.int().min(1).max(10_080),
    default: 60,
    help: 'Minutes after which the browser of a session that waits or has ended is closed.',
    restart: 'none',
  },
  'sessions.keep': {
    schema: z.int().min(1).max(10_000),
    default: 100,
    help: 'Sessions that are kept for each owner after their end.',
    restart: 'none',
  },
  'sessions.browser': {
    schema: z.string().max(4096),
    default: '',
    help: 'Chrome or Chromium to use; empty looks for an installed one, then for the one that came with the packages.',
    restart: 'none',
  },
  'sessions.allow': {
    schema: z.array(host).max(500),
    default: ['*'] as string[],
    help: 'Hosts that browsers of sessions may reach, like example.com or *.example.com; * is the whole internet.',
    restart: 'none',
  },
  'sessions.deny': {
    schema: z.array(host).max(500),
    default: [] as string[],
    help: 'Hosts that they may not reach, whatever is allowed.',
    restart: 'none',
  },
  'sessions.allowPrivate': {
    schema: z.array(host).max(100),
    default: [] as string[],
    help: 'Hosts of this machine or the local network that they may reach, each with its port, for example 127.0.0.1:5173.',
    restart: 'none',
  },
  'sessions.rules': {
    schema: z
      .array(
        z
          .string()
          .trim()
          .regex(
            new RegExp(`^(?:${subjects})(?:@\\S{1,255})?\\s*=\\s*(?:${answers})$`),
            `must be written like click=ask or submit@*.example.com=allow, with one of ${subjects} and one of ${answers}`,
          ),
      )
      .max(500),
    default: [] as string[],
    help: 'What browsers of sessions may do without asking, by subject and site: the most exact rule counts, the last of equal ones.',
    restart: 'none',
  },
  'sessions.uploadMax': {
    schema: z.int().min(1).max(1024),
    default: 25,
    help: 'MiB of a file that is uploaded for a session.',
    restart: 'none',
  },
  'sessions.downloadMax': {
    schema: z.int().min(1).max(10_240),
    default: 100,
    help: 'MiB that a session’s browser may download, and that one page may take.',
    restart: 'none',
  },
} as const;
