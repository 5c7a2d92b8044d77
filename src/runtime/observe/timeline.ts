/**
 * When which model was in which state. Every transition is a JSON line; spans are made of them when somebody looks. While
 * anything runs, a line per minute says that the server still lives, so that after a crash the open spans end about then.
 */
import path from 'node:path';
import { z } from 'zod';
import type { TimelineSpanView, TimelineView } from '../../contracts/activity.ts';
import { LIFECYCLE_STATES } from '../../contracts/views.ts';
import { createLogFile } from '../../io/logs/log-file.ts';
import { readJsonLines } from '../../io/logs/read-lines.ts';

const HOUR = 3_600_000;
/** The longest time that can be asked for. */
const KEPT_MS = 168 * HOUR;
const MOST_TRANSITIONS = 20_000;
const ALIVE_EVERY_MS = 60_000;
const FILE_BYTES = 1024 * 1024;
const FILES = 4;

const Transition = z.object({
  at: z.number(),
  modelId: z.string(),
  state: z.enum(LIFECYCLE_STATES),
  reason: z.string().exactOptional(),
  by: z.string().exactOptional(),
  memory: z.number().exactOptional(),
});
export type Transition = z.infer<typeof Transition>;
const Alive = z.object({ alive: z.number() });

export interface Timeline {
  note(transition: Transition): void;
  get(hours: number): TimelineView;
  close(): Promise<void>;
}

export interface TimelineOptions {
  dataDir: string;
  now(): number;
  log(level: 'warn' | 'error', message: string): void;
}

/** Transitions of earlier runs, and the ends of what a crash left open: they lie at the last sign of life. */
const recall = (lines: readonly unknown[]): { found: Transition[]; ends: Transition[] } => {
  const found: Transition[] = [];
  let last = 0;
  for (const line of lines) {
    const transition = Transition.safeParse(line);
    if (transition.success) found.push(transition.data);
    last = transition.success ? transition.data.at : (Alive.safeParse(line).data?.alive ?? last);
  }
  const states = new Map(found.map(({ modelId, state }) => [modelId, state]));
  const ends = [...states].flatMap(([modelId, state]): Transition[] =>
    state === 'unloaded' || state === 'error'
      ? []
      : [{ at: last, modelId, state: 'unloaded', reason: 'The server ended without stopping it.' }],
  );
  return { found, ends };
};

export const openTimeline = async ({ dataDir, now, log }: TimelineOptions): Promise<Timeline> => {
  const dir = path.join(dataDir, 'activity');
  const { found, ends } = recall(await readJsonLines(dir, 'timeline'));
  let transitions = [...found, ...ends].filter(({ at }) => at > now() - KEPT_MS).slice(-MOST_TRANSITIONS);
  const file = createLogFile({
    dir,
    name: 'timeline',
    maxFileBytes: FILE_BYTES,
    maxFiles: FILES,
    onTrouble: (error, lost) => {
      if (error) log('error', `The models’ timeline cannot be written (${error.message}); it goes on in memory only.`);
      else log('warn', `The models’ timeline can be written again; ${lost} lines are missing in it.`);
    },
  });
  for (const end of ends) file.append(JSON.stringify(end));
  /** Models that have a process. */
  const up = new Set<string>();
  let pulse: NodeJS.Timeout | null = null;

  const keepPulse = (): void => {
    if (up.size > 0) pulse ??= setInterval(() => file.append(JSON.stringify({ alive: now() })), ALIVE_EVERY_MS).unref();
    else if (pulse) {
      clearInterval(pulse);
      pulse = null;
    }
  };

  return {
    note(transition) {
      transitions.push(transition);
      // In steps of a tenth, so that not every transition copies them all.
      if (transitions.length > 1.1 * MOST_TRANSITIONS) transitions = transitions.slice(-MOST_TRANSITIONS);
      file.append(JSON.stringify(transition));
      if (transition.state === 'unloaded' || transition.state === 'error') up.delete(transition.modelId);
      else up.add(transition.modelId);
      keepPulse();
    },
    get(hours) {
      const to = now();
      const from = to - hours * HOUR;
      return { from, to, lanes: lanesOf(transitions, from, to) };
    },
    async close() {
      if (pulse) clearInterval(pulse);
      await file.close();
    },
  };
};

/**
 * One lane per model that ran in that time, by id, with its spans in order and cut to the window. A span ends where the next
 * begins; being unloaded at the very beginning is no span.
 */
export const lanesOf = (transitions: readonly Transition[], from: number, to: number): TimelineView['lanes'] => {
  const byModel = new Map<string, Transition[]>();
  for (const transition of transitions) {
    const own = byModel.get(transition.modelId);
    if (own) own.push(transition);
    else byModel.set(transition.modelId, [transition]);
  }
  return [...byModel]
    .map(([modelId, own]) => ({ modelId, spans: trimmed(spansOf(own, from, to)) }))
    .filter(({ spans }) => spans.length > 0)
    .sort((a, b) => (a.modelId < b.modelId ? -1 : 1));
};

const spansOf = (own: readonly Transition[], from: number, to: number): TimelineSpanView[] =>
  own.flatMap(({ state, at, reason, by, memory }, index) => {
    const next = own[index + 1];
    const end = Math.min(next?.at ?? to, to);
    if (end < from || at > to || end < at) return [];
    // What a process took is known best when it leaves.
    const measured = state === 'loaded' ? (next?.memory ?? memory) : memory;
    return [
      {
        state,
        from: Math.max(at, from),
        to: end,
        ...(reason === undefined ? {} : { reason }),
        ...(by === undefined ? {} : { by }),
        ...(measured === undefined ? {} : { memory: measured }),
      },
    ];
  });

const trimmed = (spans: TimelineSpanView[]): TimelineSpanView[] => {
  const first = spans.findIndex(({ state }) => state !== 'unloaded');
  return first === -1 ? [] : spans.slice(first);
};
