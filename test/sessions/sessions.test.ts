/** The service of sessions over documents and browsers in memory: order, bounds, restarts and a disk that refuses. */
import { afterEach, describe, expect, it } from 'vitest';
import { defaultConfig } from '../../src/contracts/config.ts';
import type { Config } from '../../src/contracts/config.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import type { SessionsDocument } from '../../src/contracts/session-record.ts';
import { sessionsCommands } from '../../src/contracts/commands/sessions.ts';
import { element } from '../support/fake-browser.ts';
import { createMemoryApprovals } from '../support/memory-approvals.ts';
import { createMemorySessions } from '../support/memory-sessions.ts';
import type { MemorySessions } from '../support/memory-sessions.ts';

const ana = { owner: 'shared', who: 'Ana', by: 'test' };
const READ = { tool: 'read', arguments: { from: 0 } } as const;
const FINISH = { tool: 'finish', arguments: { answer: 'Done.', done: true } } as const;
const CLICK = { tool: 'click', arguments: { ref: 'e1' } } as const;
const go = (url: string) => ({ tool: 'navigate', arguments: { url } }) as const;

const open: MemorySessions[] = [];
afterEach(async () => {
  for (const sessions of open.splice(0)) await sessions.service.drain();
});
const make = (
  config: Partial<Config> = {},
  left: { initial?: SessionsDocument; initialLines?: Map<string, string[]> } = {},
) => {
  const changes: DomainChange[] = [];
  const publish = (change: DomainChange): void => void changes.push(change);
  const approvals = createMemoryApprovals(publish);
  const sessions = createMemorySessions({
    ...{ publish, subscribe: () => () => undefined, approvals: approvals.service, ...left },
    config: () => ({ ...defaultConfig(), ...config }),
  });
  open.push(sessions);
  const { service } = sessions;
  const start = async (prompt = 'Buy milk.', over: object = {}): Promise<string> =>
    (await service.start(sessionsCommands['sessions:start'].payload.parse({ prompt, ...over }), ana)).id;
  const view = (id: string) => service.get(id, 'shared');
  return {
    ...{ sessions, service, approvals, changes, start, view },
    status: (id: string, wanted: string) => expect.poll(() => view(id).status).toBe(wanted),
    pending: async () => {
      await expect.poll(() => approvals.service.list('shared', 0)).toHaveLength(1);
      return approvals.service.list('shared', 0)[0]?.id ?? '';
    },
    steps: async (id: string) =>
      (await service.transcript(id, 'shared', 0, 100)).entries.filter(({ kind }) => kind === 'step'),
  };
};

describe('consent', () => {
  it('a new site is asked about while the step waits, and one that the person named is not', async () => {
    const { sessions, start, status, pending, approvals, view } = make();
    const id = await start('Compare https://shop.example/milk with another shop.');
    sessions.script(go('https://shop.example/milk'), go('https://other.example/'));
    const request = await pending();
    expect(approvals.service.list('shared', 0)).toMatchObject([{ title: 'Open the site other.example', session: id }]);
    expect(view(id)).toMatchObject({ status: 'call_user', approvalId: request });
    expect(sessions.browsers.done).toEqual(['navigate https://shop.example/milk']);
    await approvals.service.approve(request, 'once', '', ana);
    await expect.poll(() => sessions.browsers.done).toContain('navigate https://other.example/');
    // It is not asked about a second time.
    sessions.script(go('https://other.example/b'), FINISH);
    await status(id, 'end');
    expect(sessions.browsers.done).toHaveLength(3);
  });

  it('what is no longer what the person was asked about is not done', async () => {
    const { sessions, start, pending, approvals, steps } = make();
    sessions.browsers.elements.set('e1', element({ ref: 'e1', name: 'Send', submits: true }));
    const id = await start();
    sessions.script(CLICK);
    const request = await pending();
    sessions.browsers.elements.set('e1', element({ ref: 'e1', name: 'Delete all', submits: true }));
    await approvals.service.approve(request, 'once', '', ana);
    await expect.poll(() => sessions.situations.length).toBe(2);
    expect(await steps(id)).toMatchObject([{ state: 'failed', why: expect.stringContaining('has changed') as string }]);
    expect(sessions.browsers.done).toEqual([]);
  });

  it('rules of the server allow and deny without asking', async () => {
    const { sessions, start, status, steps } = make({ 'sessions.rules': ['submit=allow', 'visit@evil.example=deny'] });
    sessions.browsers.elements.set('e1', element({ ref: 'e1', name: 'Send', submits: true }));
    const id = await start();
    sessions.script(CLICK, go('https://evil.example/'), FINISH);
    await status(id, 'end');
    expect(sessions.browsers.done).toEqual(['click e1']);
    expect(await steps(id)).toMatchObject([{ state: 'done', verdict: 'allowed' }, { state: 'refused' }]);
  });

  it('a password is asked about, and stands neither in the request nor in the transcript', async () => {
    const { sessions, start, status, pending, approvals } = make();
    sessions.browsers.elements.set('e1', element({ ref: 'e1', name: 'Password', inputType: 'password' }));
    const id = await start('Log in with the password hunter2hunter2.');
    sessions.script({ tool: 'type', arguments: { ref: 'e1', text: 's3cret-word', submit: false } }, FINISH);
    const request = await pending();
    expect(JSON.stringify(approvals.stored())).not.toContain('s3cret-word');
    await approvals.service.approve(request, 'once', '', ana);
    await status(id, 'end');
    expect(sessions.browsers.done).toEqual(['type e1 s3cret-word']);
    expect(sessions.lines(id).join()).not.toContain('s3cret-word');
  });

  it('cancel while a person is asked takes the question back', async () => {
    const { sessions, service, start, pending, approvals } = make();
    sessions.browsers.elements.set('e1', element({ ref: 'e1', name: 'Send', submits: true }));
    const id = await start();
    sessions.script(CLICK);
    await pending();
    expect(await service.cancel(id, ana)).toMatchObject({ status: 'user_stopped' });
    await expect.poll(() => approvals.service.list('shared', 0)).toEqual([]);
    expect(approvals.stored().approvals).toMatchObject([{ status: 'cancelled' }]);
    expect(sessions.browsers.alive.size).toBe(0);
    await expect(service.cancel(id, ana)).rejects.toMatchObject({ code: 'INVALID_STATE' });
  });
});

describe('browsers', () => {
  it('wait in their order for a free one; one that has ended gives its own away', async () => {
    const { sessions, start, status, view } = make({ 'sessions.max': 1 });
    const first = await start('One.');
    await expect.poll(() => sessions.situations.length).toBe(1);
    const [second, third] = [await start('Two.'), await start('Three.')];
    await expect.poll(() => view(third).message).toBe('It waits for a free browser: 2nd in line.');
    expect(view(second)).toMatchObject({ status: 'init', message: 'It waits for a free browser: 1st in line.' });
    sessions.script(FINISH);
    await status(first, 'end');
    await status(second, 'running');
    expect([...sessions.browsers.alive]).toEqual([second]);
    expect(view(third).message).toBe('It waits for a free browser: 1st in line.');
  });

  it('one that cannot be opened says why, and an instruction tries again', async () => {
    const { sessions, service, start, status, view } = make();
    sessions.browsers.refuseNext('There is no Chrome.');
    const id = await start();
    await status(id, 'error');
    expect(view(id)).toMatchObject({ errorCode: 'NO_BROWSER', message: 'There is no Chrome.' });
    await service.continue(id, 'Try again.', [], ana);
    await expect.poll(() => sessions.situations.length).toBe(1);
  });

  it('goes on where it was', async () => {
    const { sessions, service, start, status } = make();
    const id = await start('Look at https://shop.example/ please.');
    sessions.script(go('https://shop.example/'));
    await expect.poll(() => sessions.situations.length).toBe(2);
    await service.pause(id, ana);
    await sessions.service.drain();
    expect(sessions.browsers.alive.size).toBe(0);
    expect(sessions.stored().sessions).toMatchObject([{ status: 'pause', page: { url: 'https://shop.example/' } }]);
    const after = make({}, { initial: sessions.stored(), initialLines: new Map([[id, sessions.lines(id)]]) });
    await after.service.begin();
    await after.service.continue(id, '', [], ana);
    await after.status(id, 'running');
    expect(after.sessions.browsers.options.get(id)?.startUrl).toBe('https://shop.example/');
    await status(id, 'pause');
  });

  it('by hand: input only then, and the model is told when it is given back', async () => {
    const { sessions, service, start, status, view } = make();
    const id = await start();
    await expect.poll(() => sessions.situations.length).toBe(1);
    await expect(service.input(id, { kind: 'back' }, ana)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    expect(await service.takeOver(id, ana)).toMatchObject({ status: 'pause', byHand: true });
    await service.input(id, { kind: 'type', text: 'hello' }, ana);
    expect(sessions.browsers.done).toEqual(['hand type']);
    // What a person opens by hand needs nobody's consent.
    expect(await sessions.browsers.options.get(id)?.mayVisit('https://new.example/')).toMatchObject({ allowed: true });
    await service.giveBack(id, 'I logged in.', ana);
    await status(id, 'running');
    await expect.poll(() => sessions.situations.length).toBe(2);
    expect(sessions.situations[1]?.entries.at(-1)).toMatchObject({
      kind: 'instruction',
      text: expect.stringContaining('I logged in.') as string,
    });
    expect(view(id).byHand).toBe(false);
  });
});

describe('a model', () => {
  it('that is told of a malformed call once, then ends the session', async () => {
    const { sessions, start, status, view } = make();
    const id = await start();
    sessions.script('There is no tool fly.');
    await expect.poll(() => sessions.situations.length).toBe(2);
    expect(sessions.situations[1]?.repair).toBe('There is no tool fly.');
    sessions.script('There is no tool fly.');
    await status(id, 'error');
    expect(view(id).errorCode).toBe('MALFORMED_CALL');
  });

  it('hears an instruction that comes while it works', async () => {
    const { sessions, service, start } = make();
    const id = await start();
    await expect.poll(() => sessions.situations.length).toBe(1);
    await service.continue(id, 'Oat milk, please.', [], ana);
    await expect.poll(() => sessions.situations.length).toBe(2);
    expect(sessions.situations[1]?.entries.at(-1)).toMatchObject({ kind: 'instruction', text: 'Oat milk, please.' });
  });

  it('stops at its bound, and an instruction gives it more steps', async () => {
    const { sessions, service, start, status, view } = make({ 'sessions.maxSteps': 2 });
    const id = await start();
    sessions.script(READ, { tool: 'back', arguments: {} });
    await status(id, 'max_loop');
    await service.continue(id, 'Go on.', [], ana);
    expect(view(id)).toMatchObject({ steps: 2, maxSteps: 4 });
    sessions.script(FINISH);
    await status(id, 'end');
  });

  it('that works too long is stopped; the time of a person does not count', async () => {
    const { sessions, start, status, view } = make();
    const id = await start('Buy milk.', { timeoutMs: 1000 });
    await status(id, 'error');
    expect(view(id).errorCode).toBe('TIMEOUT');
    const waiting = await start('Buy milk.', { timeoutMs: 1000 });
    sessions.script({ tool: 'ask', arguments: { question: 'Which?' } });
    await status(waiting, 'call_user');
    expect(view(waiting).question).toBe('Which?');
  });
});

describe('on disk', () => {
  it('an entry is there before it is told, and told to its owner alone', async () => {
    const { sessions, changes, start, status } = make();
    const id = await start();
    sessions.script(READ, FINISH);
    await status(id, 'end');
    const told = changes.flatMap((change) => (change.kind === 'session.entry' ? [change] : []));
    expect(told.every(({ owner }) => owner === 'shared')).toBe(true);
    const lines = sessions.lines(id).map((line) => JSON.parse(line) as { seq: number; state?: string });
    expect(told.map(({ entry }) => [entry.seq, 'state' in entry ? entry.state : undefined])).toEqual(
      // The first is told again once its session is known.
      [...lines.slice(0, 1), ...lines.slice(1)].map(({ seq, state }) => [seq, state]),
    );
  });

  it('what it refuses is not acknowledged and changes nothing', async () => {
    const { sessions, service, start, view } = make();
    sessions.refuseNext('document');
    await expect(start()).rejects.toThrow('disk is full');
    expect(service.list('shared', 10)).toEqual([]);
    const id = await start();
    await expect.poll(() => sessions.situations.length).toBe(1);
    sessions.refuseNext('document');
    await expect(service.update(id, { title: 'New' }, ana)).rejects.toThrow('disk is full');
    expect(view(id).title).toBe('Buy milk.');
  });

  it('one that cannot be written ends the session with the cause', async () => {
    const { sessions, start, status, view } = make();
    const id = await start();
    await expect.poll(() => sessions.situations.length).toBe(1);
    sessions.refuseNext('transcript');
    sessions.script(READ);
    await status(id, 'error');
    expect(view(id)).toMatchObject({ errorCode: 'UNEXPECTED', message: 'The disk is full.' });
    expect(sessions.browsers.done).toEqual([]);
  });

  it('only as many ended ones are kept as configured', async () => {
    const { sessions, service, start, status } = make({ 'sessions.keep': 2 });
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const id = await start(`Task ${n}.`);
      ids.push(id);
      sessions.script(FINISH);
      await status(id, 'end');
    }
    await expect.poll(() => service.list('shared', 10).length).toBeLessThanOrEqual(3);
    expect(service.list('shared', 10)[0]?.id).toBe(ids.at(-1));
  });
});

describe('after a restart', () => {
  it('what worked was interrupted and can be continued; what asked still asks', async () => {
    const before = make();
    const working = await before.start('Work.');
    const asking = await before.start('Ask.');
    await expect.poll(() => before.sessions.situations.length).toBe(2);
    before.sessions.script(({ entries }) => {
      const [first] = entries;
      return first?.kind === 'instruction' && first.text === 'Ask.'
        ? { tool: 'ask', arguments: { question: 'Which?' } }
        : READ;
    });
    before.sessions.script({ tool: 'ask', arguments: { question: 'Which?' } });
    await expect
      .poll(() => before.service.list('shared', 9).filter(({ question }) => question !== null).length)
      .toBeGreaterThan(0);
    const stored = structuredClone(before.sessions.stored());
    const lines = new Map([working, asking].map((id) => [id, [...before.sessions.lines(id)]]));
    const after = make({}, { initial: stored, initialLines: lines });
    await after.service.begin();
    for (const record of stored.sessions) {
      const view = after.view(record.id);
      if (record.question === null)
        expect(view).toMatchObject({
          status: 'error',
          errorCode: 'INTERRUPTED',
          entries: expect.any(Number) as number,
        });
      else expect(view).toMatchObject({ status: 'call_user', question: 'Which?' });
      await after.service.continue(record.id, 'The blue one.', [], ana);
      await after.status(record.id, 'running');
    }
    await expect.poll(() => after.sessions.situations.length).toBe(2);
  });
});
