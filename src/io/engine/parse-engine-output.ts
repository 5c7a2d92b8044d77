/** Reads what llama-server prints about itself. */

export interface EngineVersion {
  version: string | null;
  build: number | null;
}

/**
 * Reads both formats of `--version`: `version: 0.7.0 (build 11669, commit …)` and the older `version: 6469 (abc123)`,
 * which only counts builds and is written "b6469" like the release it belongs to. Build 0 is what a source tree without
 * git history reports, so it says nothing.
 */
export const parseVersion = (text: string): EngineVersion => {
  const line = /^\s*version:\s*(\S+)(?:\s*\(([^)]*)\))?/m.exec(text);
  const word = line?.[1];
  if (word === undefined) return { version: null, build: null };
  if (/^b?\d+$/.test(word)) {
    const build = Number(word.replace('b', ''));
    return build > 0 ? { version: `b${build}`, build } : { version: null, build: null };
  }
  const build = Number(/\bbuild:?\s+b?(\d+)/.exec(line?.[2] ?? '')?.[1] ?? 0);
  return { version: /\d/.test(word) ? word : null, build: build > 0 ? build : null };
};

/** Definitions start at or near the left edge; deeper lines are descriptions, which may begin with a dash too. */
const DEEPEST_INDENT = 8;
const FLAG = /^(-{1,2}[A-Za-z][\w.-]*)/;
/** After a flag: an optional value name, then a comma when another spelling follows. */
const TO_NEXT = /^(?:[ =](?![ -])[^\s,]+)?,\s*(?=-)/;

/** Collects every spelling of every flag that `--help` defines. */
export const parseFlags = (help: string): Set<string> => {
  const flags = new Set<string>();
  for (const line of help.split(/\r?\n/)) {
    let rest = line.trimStart();
    if (line.length - rest.length > DEEPEST_INDENT) continue;
    for (;;) {
      const flag = FLAG.exec(rest)?.[1];
      if (flag === undefined) break;
      flags.add(flag);
      rest = rest.slice(flag.length);
      const separator = TO_NEXT.exec(rest)?.[0];
      if (separator === undefined) break;
      rest = rest.slice(separator.length);
    }
  }
  return flags;
};

/** First release builds after llama.cpp's pull requests 24821 and 24828 (June 2026, around b9720), with a margin. */
const FIRST_BUILD_WITH_CHILD_PROTOCOL = 9800;

/**
 * Whether a llama-server started with LLAMA_SERVER_ROUTER_PORT is expected to report `cmd_child_to_router:state:` lines and
 * to leave at the end of its stdin. The protocol is not announced anywhere, so this is an expectation, not a promise: whoever
 * uses it still needs /health as fallback. Builds without a number are judged by `--log-jsonl`, which is younger.
 */
export const expectsChildProtocol = (build: number | null, flags: ReadonlySet<string>): boolean =>
  build === null ? flags.has('--log-jsonl') : build >= FIRST_BUILD_WITH_CHILD_PROTOCOL;
