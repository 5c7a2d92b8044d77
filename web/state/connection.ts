/** What may be said about the connection: pure, so that every story (never there, lost, back, refused) is tested. */

export interface ConnectionState {
  /**
   * `connecting`: the first attempt, nothing to show yet. `live`: what is shown is what is. `stale`: shown data was true at
   * `lastContactAt` and the connection is being mended. `offline`: several attempts in a row got no answer.
   * `refused`: the server wants a key or token, or another one.
   */
  phase: 'connecting' | 'live' | 'stale' | 'offline' | 'refused';
  /** The socket is up; `phase` is live only when a snapshot came over it as well. */
  connected: boolean;
  /** Attempts that failed since the last contact. */
  failures: number;
  /** Epoch ms in this browser's clock, null before the first snapshot. */
  lastContactAt: number | null;
  /** What went wrong last, in words; null while all is well. */
  problem: string | null;
}

export type ConnectionEvent =
  | { type: 'connected' }
  | { type: 'synced'; at: number }
  /** An increment was missed; a new snapshot is on its way. */
  | { type: 'behind' }
  | { type: 'lost'; at: number; reason: string }
  | { type: 'failed'; reason: string }
  | { type: 'refused'; reason: string };

export const initialConnection: ConnectionState = {
  phase: 'connecting',
  connected: false,
  failures: 0,
  lastContactAt: null,
  problem: null,
};

/** One failed attempt can be a restart under way; at the third in a row nobody is there. */
const OFFLINE_AFTER = 3;

export const reduceConnection = (state: ConnectionState, event: ConnectionEvent): ConnectionState => {
  switch (event.type) {
    case 'connected':
      return { ...state, connected: true, failures: 0 };
    case 'synced':
      return { phase: 'live', connected: true, failures: 0, lastContactAt: event.at, problem: null };
    case 'behind':
      return state.phase === 'live'
        ? { ...state, phase: 'stale', problem: 'Some changes were missed; asking again.' }
        : state;
    case 'refused':
      return { ...state, connected: false, failures: 0, phase: 'refused', problem: event.reason };
    case 'lost':
      // Hanging up to log in anew is no loss.
      if (state.phase === 'refused') return { ...state, connected: false };
      return {
        ...state,
        connected: false,
        failures: 0,
        phase: state.lastContactAt === null ? 'connecting' : 'stale',
        lastContactAt: state.phase === 'live' ? event.at : state.lastContactAt,
        problem: event.reason,
      };
    case 'failed': {
      // Somebody is logging in: the page stays with them.
      if (state.phase === 'refused') return { ...state, failures: state.failures + 1 };
      const failures = state.failures + 1;
      const unreached = state.lastContactAt === null ? 'connecting' : 'stale';
      return { ...state, failures, phase: failures >= OFFLINE_AFTER ? 'offline' : unreached, problem: event.reason };
    }
  }
};
