import { describe, expect, it } from 'vitest';
import { initialConnection, reduceConnection } from '../../web/state/connection.ts';
import type { ConnectionEvent, ConnectionState } from '../../web/state/connection.ts';
import { tabStory } from '../../web/shell/tab-story.ts';
import type { TabFacts } from '../../web/shell/tab-story.ts';

const run = (...events: ConnectionEvent[]): ConnectionState => events.reduce(reduceConnection, initialConnection);
const connected: ConnectionEvent = { type: 'connected' };
const synced: ConnectionEvent = { type: 'synced', at: 1000 };
const lost: ConnectionEvent = { type: 'lost', at: 5000, reason: 'gone' };
const refused: ConnectionEvent = { type: 'refused', reason: 'a key is needed' };
const failed: ConnectionEvent = { type: 'failed', reason: 'no answer' };

describe('the connection', () => {
  it.each<[string, ConnectionEvent[], ConnectionState['phase']]>([
    ['starts connecting', [], 'connecting'],
    ['is not live before a snapshot came', [connected], 'connecting'],
    ['is live with a snapshot', [connected, synced], 'live'],
    ['is stale once it is lost', [connected, synced, lost], 'stale'],
    ['is stale while one or two attempts fail', [connected, synced, lost, failed, failed], 'stale'],
    ['is offline after three', [connected, synced, lost, failed, failed, failed], 'offline'],
    ['is offline when nobody was ever there', [failed, failed, failed], 'offline'],
    ['is still connecting when the first attempt fails', [failed], 'connecting'],
    ['stays offline until the new connection brought a snapshot', [failed, failed, failed, connected], 'offline'],
    ['is live again after it', [connected, synced, lost, failed, failed, failed, connected, synced], 'live'],
    ['is stale while a missed increment is mended', [connected, synced, { type: 'behind' }], 'stale'],
    ['asks for a login when it is refused', [connected, synced, lost, refused], 'refused'],
    ['stays with who logs in, whatever the attempts do', [refused, failed, failed, failed, lost, connected], 'refused'],
    ['is live once somebody has logged in', [refused, connected, synced], 'live'],
    ['counts attempts anew after each contact', [failed, failed, connected, synced, lost, failed], 'stale'],
  ])('%s', (_, events, phase) => {
    expect(run(...events).phase).toBe(phase);
  });

  it('knows when the data was true for the last time, also after several losses', () => {
    expect(run(connected, synced, lost).lastContactAt).toBe(5000);
    expect(run(connected, synced, lost, connected, { ...lost, at: 9000 }).lastContactAt).toBe(5000);
    expect(run(failed).lastContactAt).toBeNull();
  });

  it('carries the problem while there is one and forgets it with the next snapshot', () => {
    expect(run(connected, synced, lost).problem).toBe('gone');
    expect(run(connected, synced, lost, failed).problem).toBe('no answer');
    expect(run(connected, synced, lost, connected, synced).problem).toBeNull();
  });
});

describe('the tab', () => {
  const well: TabFacts = { phase: 'live', failed: 0, engineMissing: false, routerFailed: false, page: 'Chat' };
  it.each<[Partial<TabFacts>, string, string]>([
    [{}, 'Chat · Llamactor', 'well'],
    [{ failed: 2 }, '2 failed · Chat · Llamactor', 'trouble'],
    [{ failed: 2, routerFailed: true }, 'API down · Chat · Llamactor', 'trouble'],
    [{ routerFailed: true, engineMissing: true }, 'No engine · Chat · Llamactor', 'trouble'],
    [{ phase: 'refused', failed: 2 }, 'Log in · Chat · Llamactor', 'well'],
    [{ phase: 'stale', failed: 2 }, 'Reconnecting · Chat · Llamactor', 'offline'],
    [{ phase: 'offline', engineMissing: true }, 'Offline · Chat · Llamactor', 'offline'],
  ])('%j: %s', (facts, title, mood) => {
    expect(tabStory({ ...well, ...facts })).toEqual({ title, mood });
  });
});
