/** What the browser's tab says: the trouble, if there is any, then the page. Pure; the worst news wins. */
import type { ConnectionState } from '../state/connection.ts';

export type Mood = 'well' | 'trouble' | 'offline';

export interface TabFacts {
  phase: ConnectionState['phase'];
  failed: number;
  engineMissing: boolean;
  routerFailed: boolean;
  /** Title of the page. */
  page: string;
}

const NAME = 'Llamactor';

const trouble = (facts: TabFacts): { words: string | null; mood: Mood } => {
  if (facts.phase === 'refused') return { words: 'Log in', mood: 'well' };
  if (facts.phase === 'offline') return { words: 'Offline', mood: 'offline' };
  if (facts.phase === 'stale') return { words: 'Reconnecting', mood: 'offline' };
  if (facts.engineMissing) return { words: 'No engine', mood: 'trouble' };
  if (facts.routerFailed) return { words: 'API down', mood: 'trouble' };
  if (facts.failed > 0) return { words: `${String(facts.failed)} failed`, mood: 'trouble' };
  return { words: null, mood: 'well' };
};

export const tabStory = (facts: TabFacts): { title: string; mood: Mood } => {
  const { words, mood } = trouble(facts);
  return { title: [...(words === null ? [] : [words]), facts.page, NAME].join(' · '), mood };
};
