/**
 * What llama-server writes when its router environment variable is set and `--log-jsonl` is on: state lines, JSON log lines,
 * and, mixed in, plain text from libraries. Which of stdout and stderr carries which differs by build, so both are read alike.
 */
import type { LogLevel } from '../../contracts/views.ts';

/** Any number switches llama-server's line protocol on; it then also ends when its stdin ends. */
export const CHILD_PROTOCOL_ENV = 'LLAMA_SERVER_ROUTER_PORT';

const STATE_PREFIX = 'cmd_child_to_router:state:';
const LONGEST_LINE = 64 * 1024;

/** What the process takes on one device or in one kind of buffer, bytes. */
export interface MemoryRow {
  /** The engine's word, "host" for main memory. */
  kind: string;
  /** Its name for the device or buffer, such as "Host", "CUDA0" or "CPU_REPACK". */
  name: string;
  model: number;
  context: number;
  compute: number;
}

export type EngineLine =
  | { kind: 'progress'; percent: number; stage: string | null }
  | { kind: 'ready'; contextSize: number | null }
  /** Weights were freed while idle, or are back. */
  | { kind: 'state'; state: string }
  | { kind: 'log'; level: LogLevel; message: string }
  | { kind: 'memory'; rows: MemoryRow[] }
  | { kind: 'text'; message: string };

/**
 * Cuts a byte stream into lines. UTF-8 is decoded as a stream, so no character is torn; a line without an end is cut at
 * 64 KiB so that a flooding child cannot grow memory.
 */
export const lineSplitter = (onLine: (line: string) => void): { push(chunk: Buffer): void; end(): void } => {
  const decoder = new TextDecoder();
  let rest = '';
  const take = (text: string): void => {
    rest += text;
    let from = 0;
    for (let at = rest.indexOf('\n'); at !== -1; at = rest.indexOf('\n', from)) {
      onLine(rest.slice(from, at).replace(/\r$/, ''));
      from = at + 1;
    }
    rest = rest.slice(from);
    if (rest.length > LONGEST_LINE) {
      onLine(rest.slice(0, LONGEST_LINE));
      rest = '';
    }
  };
  return {
    push: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode());
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
};

/** Reads one line; whatever is not understood is plain text, never an error. */
export const parseEngineLine = (line: string): EngineLine => {
  if (line.startsWith(STATE_PREFIX))
    return parseState(line.slice(STATE_PREFIX.length)) ?? { kind: 'text', message: line };
  if (line.startsWith('{"type":')) return parseJsonLog(line) ?? { kind: 'text', message: line };
  return { kind: 'text', message: line };
};

const parseState = (json: string): EngineLine | null => {
  const message = objectFrom(json);
  if (message === null || typeof message['state'] !== 'string') return null;
  const payload = asObject(message['payload']) ?? {};
  if (message['state'] === 'ready') {
    const meta = asObject(payload['meta']);
    return { kind: 'ready', contextSize: numberOr(meta?.['n_ctx']) };
  }
  if (message['state'] === 'loading') return progressOf(payload);
  return { kind: 'state', state: message['state'] };
};

/** Stages are weighted alike: the second of two at 0.5 is 75 %. */
const progressOf = (payload: Record<string, unknown>): EngineLine => {
  const stages = Array.isArray(payload['stages']) ? payload['stages'] : [];
  const current = typeof payload['current'] === 'string' ? payload['current'] : null;
  const value = Math.min(1, Math.max(0, numberOr(payload['value']) ?? 0));
  const index = Math.max(0, stages.indexOf(current));
  const percent = Math.round((100 * (index + value)) / Math.max(1, stages.length));
  return { kind: 'progress', percent, stage: current };
};

const parseJsonLog = (json: string): EngineLine | null => {
  const message = objectFrom(json);
  if (message === null) return null;
  if (message['type'] === 'log' && typeof message['msg'] === 'string') {
    return { kind: 'log', level: levelOf(message['level']), message: message['msg'].trimEnd() };
  }
  if (message['type'] === 'fit_memory_breakdown') {
    const rows = asObject(message['data'])?.['rows'];
    if (!Array.isArray(rows)) return null;
    return { kind: 'memory', rows: rows.flatMap((row) => memoryRow(asObject(row))) };
  }
  return null;
};

const MIB = 1024 * 1024;

/** Numbers are MiB; `self`, their sum, is left out. */
const memoryRow = (row: Record<string, unknown> | null): MemoryRow[] => {
  if (row === null) return [];
  const word = (key: string): string => (typeof row[key] === 'string' ? row[key] : '');
  const bytes = (key: string): number => Math.max(0, numberOr(row[key]) ?? 0) * MIB;
  return [
    {
      kind: word('kind'),
      name: word('name'),
      model: bytes('model'),
      context: bytes('context'),
      compute: bytes('compute'),
    },
  ];
};

const levelOf = (level: unknown): LogLevel =>
  level === 'error' || level === 'warn' || level === 'debug' ? level : level === 'trace' ? 'debug' : 'info';

const objectFrom = (json: string): Record<string, unknown> | null => {
  try {
    return asObject(JSON.parse(json));
  } catch {
    return null;
  }
};

const asObject = (value: unknown): Record<string, unknown> | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;

const numberOr = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;
