import os from 'node:os';

const HIDDEN = '[hidden]';

/**
 * Ordered: the more specific form first, so that one secret is not cut in two. Each keeps the word that introduces the
 * secret, so that a reader still sees what was there. No pattern may backtrack: engines print very long lines.
 */
const RULES: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // Three base64url parts, the first of them a JSON object: a JSON web token (RFC 7519).
  [/\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/\b(bearer|basic)(\s+)[\w.~+/=-]{6,}/gi, `$1$2${HIDDEN}`],
  [
    /(--(?:api-key|hf-token|token|password|secret|jwt-secret|key)(?:\s+|=))(?:"[^"]*"|'[^']*'|[^\s"']+)/gi,
    `$1${HIDDEN}`,
  ],
  [/((?:api[_-]?key|secret|password|passwd)["']?\s*[:=]\s*["']?)(?!\[hidden\])[^\s"',;&}]{4,}/gi, `$1${HIDDEN}`],
  // Not a bare number: engines print lines such as "BOS token = 128000".
  [/(token["']?\s*[:=]\s*["']?)(?!\[hidden\]|\d+(?:[\s"',;&}]|$))[^\s"',;&}]{4,}/gi, `$1${HIDDEN}`],
  // Keys of OpenAI-style services, Hugging Face, GitHub and our own.
  [/\b(?:sk|pk|rk)-[\w-]{8,}/g, HIDDEN],
  [/\b(?:hf|gh[opsu])_[A-Za-z0-9]{8,}|\blla_[\w-]{8,}/g, HIDDEN],
  [/(:\/\/[^\s/:@]{0,256}):[^\s/@]{1,256}@/g, `$1:${HIDDEN}@`],
];

const escapeForPattern = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);

const homePattern = (home: string): RegExp | null =>
  // A home of "/" (some containers) would turn every path into "~".
  home.length > 1 ? new RegExp(`${escapeForPattern(home)}(?![\\w.-])`, 'g') : null;

let known: { home: string; pattern: RegExp | null } | undefined;

/**
 * Takes secrets and the person's name out of a text before it is logged: bearer tokens, API keys, JSON web tokens,
 * passwords in addresses and on command lines; the home folder becomes `~`. A best effort for text of unknown origin;
 * what is known to be secret must not be logged at all.
 */
export const redact = (text: string, home: string = os.homedir()): string => {
  if (known?.home !== home) known = { home, pattern: homePattern(home) };
  let result = known.pattern ? text.replace(known.pattern, '~') : text;
  for (const [pattern, replacement] of RULES) result = result.replace(pattern, replacement);
  return result;
};
