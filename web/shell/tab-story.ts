/** What the browser's tab says. Pure; the worst news wins. */
import type { ConnectionState } from '../state/connection.ts';

export type Mood = 'well' | 'trouble' | 'offline';

export interface TabFacts {
  phase: ConnectionState['phase'];
  failed: number;
  loaded: number;
  engineMissing: boolean;
  routerFailed: boolean;
}

const NAME = 'Llamactor';

export const tabStory = (facts: TabFacts): { title: string; mood: Mood } => {
  if (facts.phase === 'offline') return { title: `Offline – ${NAME}`, mood: 'offline' };
  if (facts.phase === 'stale') return { title: `Reconnecting – ${NAME}`, mood: 'offline' };
  if (facts.engineMissing) return { title: `No engine – ${NAME}`, mood: 'trouble' };
  if (facts.routerFailed) return { title: `API down – ${NAME}`, mood: 'trouble' };
  if (facts.failed > 0) return { title: `${String(facts.failed)} failed – ${NAME}`, mood: 'trouble' };
  return { title: facts.loaded > 0 ? `${String(facts.loaded)} loaded – ${NAME}` : NAME, mood: 'well' };
};
