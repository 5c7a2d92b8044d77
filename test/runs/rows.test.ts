/** Rows S10–S12, S25–S29 and S31: runs of two users, with somebody without a name who tries to see them. */
import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startRunsApp, steps } from '../support/runs-app.ts';
import type { RunsApp } from '../support/runs-app.ts';
import type { TestClient } from '../support/socket-client.ts';

let runs: RunsApp;
let ana: TestClient;
let ben: TestClient;
let nobody: TestClient;

beforeEach(async () => {
  runs = await startRunsApp();
  [ana, ben, nobody] = await Promise.all([runs.user('ana'), runs.user('ben'), runs.anonymous()]);
});
afterEach(() => runs.stop());

type Fields = Record<string, unknown>;
const execute = async (client: TestClient, prompt: string, more: Fields = {}): Promise<string> => {
  const reply = (await client.ack('claude:execute', { prompt, ...more })) as Fields;
  expect(reply).toMatchObject({ success: true });
  expect(typeof reply['processId']).toBe('string');
  return reply['processId'] as string;
};
const of = (client: TestClient, event: string, id: string): Fields[] =>
  client.of(event).filter((payload) => payload['processId'] === id);
const heard = (client: TestClient, event: string, id: string, more: (payload: Fields) => boolean = () => true) =>
  client.waitFor(event, (payload) => payload['processId'] === id && more(payload));
const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

describe('runs of seed 003', () => {
  it('S10 claude:execute answers at once with the process, then streams it to its owner alone, to the end', async () => {
    const secret = randomUUID();
    const id = await execute(ana, steps(['out', `${secret} one`], ['hold', runs.file('go')], ['err', `${secret} two`]));
    await heard(ana, 'claude:progress', id, ({ data }) => data === `${secret} one`);
    expect(of(ana, 'claude:complete', id)).toEqual([]);
    await runs.touch('go');
    await heard(ana, 'claude:complete', id);
    await runs.heardNothing([ben, nobody], id, secret);
  });

  it('S10 another socket of the same user hears of it too', async () => {
    const second = await runs.user('ana');
    const id = await execute(ana, 'hello');
    await Promise.all([heard(ana, 'claude:complete', id), heard(second, 'claude:complete', id)]);
  });

  it('S10 without a user it is UNAUTHORIZED, in the answer and as claude:error, before the payload is looked at', async () => {
    expect(await nobody.ack('claude:execute', { prompt: 7 })).toMatchObject({
      success: false,
      error: 'Authentication required to execute Claude commands',
    });
    expect(await nobody.waitFor('claude:error')).toMatchObject({
      code: 'UNAUTHORIZED',
      message: 'Authentication required to execute Claude commands',
      timestamp: expect.stringMatching(ISO) as string,
    });
    await ana.ack('logout');
    expect(await ana.ack('claude:execute', { prompt: 'x' })).toMatchObject({ success: false });
    await runs.heardNothing([ben], 'UNAUTHORIZED');
  });

  it.each([
    ['no payload', undefined],
    ['no prompt', {}],
    ['an empty prompt', { prompt: '  ' }],
    ['a prompt that is too long', { prompt: 'x'.repeat(100_001) }],
    ['a number as a prompt', { prompt: 7 }],
    ['a folder that is not allowed', { prompt: 'x', workingDirectory: '/etc' }],
    ['a way out of an allowed folder', { prompt: 'x', workingDirectory: '../..' }],
    ['another user’s room', { prompt: 'x', room: 'user:ben' }],
    ['a timeout that is none', { prompt: 'x', timeoutMs: -1 }],
  ])('S10 %s is INVALID_PAYLOAD, and costs nothing', async (_what, payload) => {
    for (let attempt = 0; attempt < 12; attempt += 1) {
      expect(await ana.ack('claude:execute', payload)).toMatchObject({ success: false, code: 'INVALID_PAYLOAD' });
    }
    expect(ana.of('claude:error').map(({ code }) => code)).toEqual(Array(12).fill('INVALID_PAYLOAD'));
    await heard(ana, 'claude:complete', await execute(ana, 'still allowed'));
  });

  it('S10 works in an allowed folder, with a clean environment, and with 100 000 characters', async () => {
    const id = await execute(ana, steps(['cwd'], ['err', 'x']), { workingDirectory: runs.folder });
    const { result } = (await heard(ana, 'claude:complete', id)) as { result: Fields };
    expect(result['stdout']).toBe(runs.folder);
    const other = await execute(ana, steps(['env']), { model: 'some-model', maxTokens: 5 });
    const told = (await heard(ana, 'claude:complete', other)) as { result: Fields };
    const env = JSON.parse(told.result['stdout'] as string) as Record<string, string>;
    expect(env).toMatchObject({
      LLAMACTOR_RUN_ID: other,
      LLAMACTOR_RUN_MODEL: 'some-model',
      LLAMACTOR_RUN_MAX_TOKENS: '5',
    });
    expect(Object.keys(env).filter((name) => /SECRET|TOKEN$|REDIS|RUNS_COMMAND|LLAMA_ARG/.test(name))).toEqual([]);
    const long = `ä${'x'.repeat(99_999)}`;
    const last = (await heard(ana, 'claude:complete', await execute(ana, long))) as { result: Fields };
    expect(last.result['stdout']).toBe(long);
  });

  it('S11 claude:status tells the state and the place to the owner, and to nobody else', async () => {
    const held = await Promise.all(Array.from({ length: 7 }, () => execute(ana, steps(['hold', runs.file('go')]))));
    const states = (await Promise.all(held.map((id) => ana.ack('claude:status', id)))) as Fields[];
    expect(states.map(({ status }) => status)).toEqual([...Array<string>(5).fill('running'), 'queued', 'queued']);
    expect(states.map(({ queuePosition }) => queuePosition)).toEqual([...Array(5).fill(undefined), 0, 1]);
    const [id = ''] = held;
    expect(await ben.ack('claude:status', id)).toMatchObject({ success: false, error: 'Access denied' });
    expect(await ben.ack('claude:status', randomUUID())).toMatchObject({ success: false, error: 'Process not found' });
    expect(await ben.waitFor('claude:error', ({ code }) => code === 'PROCESS_NOT_FOUND')).toBeDefined();
    expect(await nobody.ack('claude:status', id)).toMatchObject({ success: false, code: 'UNAUTHORIZED' });
    expect(await ana.ack('claude:status', '')).toMatchObject({ success: false, code: 'INVALID_PAYLOAD' });
    await runs.touch('go');
    await Promise.all(held.map((one) => heard(ana, 'claude:complete', one)));
    expect(await ana.ack('claude:status', id)).toMatchObject({ success: true, status: 'completed' });
  });

  it('S12 claude:cancel ends one that runs and one that waits, once, and only for its owner', async () => {
    const held = await Promise.all(Array.from({ length: 6 }, () => execute(ana, steps(['hold', runs.file('never')]))));
    const [running = '', waiting = ''] = [held[0], held[5]];
    for (const [client, error] of [
      [ben, 'Access denied'],
      [nobody, 'Authentication required to cancel Claude processes'],
    ] as const) {
      expect(await client.ack('claude:cancel', running)).toMatchObject({ success: false, error });
      expect(await client.ack('claude:cancel', waiting)).toMatchObject({ success: false, error });
    }
    for (const id of [waiting, running]) {
      expect(await ana.ack('claude:cancel', id)).toMatchObject({
        success: true,
        message: 'Process cancelled successfully',
      });
      await heard(ana, 'claude:error', id, ({ code }) => code === 'CANCELLED');
      expect(await ana.ack('claude:status', id)).toMatchObject({ status: 'cancelled' });
      expect(await ana.ack('claude:cancel', id)).toMatchObject({ success: false, code: 'INVALID_STATE' });
    }
    expect(await ana.ack('claude:cancel', randomUUID())).toMatchObject({ success: false, error: 'Process not found' });
    // The tries of the others told them the ids that they had sent, and nothing else.
    await runs.heardNothing([ben, nobody], 'CANCELLED');
  });

  it('S25 claude:progress begins with "Process started" and brings both outputs with whole characters', async () => {
    const id = await execute(ana, steps(['out', 'ä€😀'], ['hold', runs.file('go')], ['err', 'warning']));
    await heard(ana, 'claude:progress', id, ({ data }) => data === 'ä€😀');
    await runs.touch('go');
    await heard(ana, 'claude:complete', id);
    const progress = of(ana, 'claude:progress', id);
    expect(progress[0]).toEqual({
      processId: id,
      status: 'running',
      message: 'Process started',
      timestamp: expect.stringMatching(ISO) as string,
    });
    expect(progress.slice(1).map(({ data }) => data)).toEqual(['ä€😀', 'warning']);
    expect(new Set(progress.map(({ status }) => status))).toEqual(new Set(['running']));
  });

  it('S26 claude:queued tells the first that waits 0, and whoever moves up its new place', async () => {
    const running = await Promise.all(
      Array.from({ length: 5 }, (_, i) => execute(ana, steps(['hold', runs.file(`go${i}`)]))),
    );
    const [first, second] = [await execute(ben, 'first'), await execute(ben, steps(['hold', runs.file('last')]))];
    expect(await heard(ben, 'claude:queued', first)).toEqual({
      processId: first,
      queuePosition: 0,
      message: 'Queue position: 0',
      timestamp: expect.stringMatching(ISO) as string,
    });
    await heard(ben, 'claude:queued', second, ({ queuePosition }) => queuePosition === 1);
    await runs.touch('go0');
    await heard(ben, 'claude:queued', second, ({ queuePosition }) => queuePosition === 0);
    await heard(ben, 'claude:progress', first, ({ message }) => message === 'Process started');
    await runs.heardNothing([ana, nobody], first, second);
    await runs.heardNothing([ben, nobody], ...running);
  });

  it('S27 claude:complete carries the whole result, with what a JSON answer says', async () => {
    const answer = {
      result: 'Because.',
      model: 'local',
      stop_reason: 'end_turn',
      usage: { input_tokens: 3, output_tokens: 4 },
      total_cost_usd: 0.5,
    };
    const id = await execute(ana, steps(['out', JSON.stringify(answer)], ['err', 'note']));
    const { result, timestamp } = (await heard(ana, 'claude:complete', id)) as { result: Fields; timestamp: string };
    expect(timestamp).toMatch(ISO);
    expect(result).toEqual({
      id,
      userId: 'ana',
      status: 'completed',
      stdout: JSON.stringify(answer),
      stderr: 'note',
      exitCode: 0,
      startedAt: expect.stringMatching(ISO) as string,
      completedAt: expect.stringMatching(ISO) as string,
      durationMs: expect.any(Number) as number,
      parsedResponse: {
        content: 'Because.',
        model: 'local',
        stopReason: 'end_turn',
        usage: { inputTokens: 3, outputTokens: 4, totalTokens: 7 },
        costUsd: 0.5,
      },
    });
    expect(of(ana, 'claude:error', id)).toEqual([]);
    await runs.heardNothing([ben, nobody], id, 'Because.');
  });

  it('S28 claude:error is the one end of a run that fails, and names the cause', async () => {
    const failed = await execute(ana, steps(['err', 'no such file'], ['exit', 3]));
    expect(await heard(ana, 'claude:error', failed)).toMatchObject({
      code: 'EXECUTION_ERROR',
      message: 'The command ended with exit code 3: no such file',
    });
    const late = await execute(ana, steps(['hold', runs.file('never')]), { timeoutMs: 100 });
    expect(await heard(ana, 'claude:error', late)).toMatchObject({
      code: 'EXECUTION_ERROR',
      message: expect.stringContaining('longer than its 100 ms') as string,
    });
    expect(await ana.ack('claude:status', late)).toMatchObject({ status: 'timeout' });
    const unknown = (await ana.ack('claude:execute', { prompt: 'x', tool: 'nothing' })) as Fields;
    expect(unknown).toMatchObject({ success: false, error: expect.stringContaining('no command "nothing"') as string });
    for (const id of [failed, late]) {
      expect(of(ana, 'claude:error', id)).toHaveLength(1);
      expect(of(ana, 'claude:complete', id)).toEqual([]);
    }
    await runs.heardNothing([ben, nobody], failed, late);
  });

  it('S28 QUEUE_TIMEOUT is told when a run has waited for too long', async () => {
    await runs.app.services.config.update({ 'runs.max': 1, 'runs.queueTimeout': 1 }, 'test');
    await execute(ben, steps(['hold', runs.file('never')]));
    const id = await execute(ana, 'too late');
    expect(await heard(ana, 'claude:error', id)).toMatchObject({ code: 'QUEUE_TIMEOUT' });
    expect(await ana.ack('claude:status', id)).toMatchObject({ status: 'timeout' });
    await runs.heardNothing([ben, nobody], id);
  });

  it('S29 the members of its room hear of a run’s state, and of nothing else of it', async () => {
    await ben.ack('joinRoom', 'project-7');
    const secret = randomUUID();
    const id = await execute(ana, steps(['out', secret]), { room: 'project-7' });
    await ben.waitFor('projectUpdate', ({ processId, status }) => processId === id && status === 'completed');
    expect(ben.of('projectUpdate').map(({ room, status }) => [room, status])).toEqual([
      ['project-7', 'running'],
      ['project-7', 'completed'],
    ]);
    expect(JSON.stringify(ben.received)).not.toContain(secret);
    await runs.heardNothing([nobody], id, secret);
    expect(await ben.ack('claude:status', id)).toMatchObject({ success: false, error: 'Access denied' });
  });

  it('S31 the limit counts a user over all sockets, and ten of one take nothing from another', async () => {
    const second = await runs.user('ana');
    for (let count = 0; count < 10; count += 1) await execute(count % 2 === 0 ? ana : second, 'x');
    for (const client of [ana, second]) {
      expect(await client.ack('claude:execute', { prompt: 'x' })).toMatchObject({
        success: false,
        error: expect.stringContaining('Rate limit exceeded') as string,
      });
      await client.waitFor('claude:error', ({ code }) => code === 'RATE_LIMIT_EXCEEDED');
    }
    await execute(ben, 'x');
    expect(await ana.request('runs:start', { prompt: 'x' })).toMatchObject({ success: true });
    expect(ben.of('claude:error')).toEqual([]);
  });
});

describe('runs in this product’s own words', () => {
  it('belong to who started them: users, and the person at this machine, never see each other’s', async () => {
    const secret = randomUUID();
    const started = await Promise.all(
      [ana, ben, nobody].map(async (client) => {
        const { data } = await client.request('runs:start', {
          prompt: steps(['out', secret], ['hold', runs.file('go')]),
        });
        return (data?.['run'] as { id: string }).id;
      }),
    );
    for (const [index, client] of [ana, ben, nobody].entries()) {
      const own = started[index] ?? '';
      await client.waitFor('runs:updated', ({ data }) => (data as { run: Fields }).run['id'] === own);
      const { data } = await client.request('runs:list');
      expect((data?.['runs'] as Fields[]).map(({ id }) => id)).toEqual([own]);
      for (const other of started.filter((id) => id !== own)) {
        for (const command of ['runs:get', 'runs:output', 'runs:follow', 'runs:cancel', 'runs:remove'])
          expect(await client.request(command, { id: other })).toMatchObject({ error: { reason: 'FORBIDDEN' } });
        const body = { method: 'POST', body: JSON.stringify({ id: other }) };
        if (client !== nobody)
          expect((await fetch(`${runs.url}/api/commands/runs:get`, body)).status).toBe(
            other === started[2] ? 200 : 403,
          );
      }
    }
    await runs.touch('go');
    for (const [index, client] of [ana, ben, nobody].entries()) {
      const ended = (payload: Fields): boolean => {
        const { run } = payload['data'] as { run: Fields };
        return run['id'] === started[index] && run['state'] === 'completed';
      };
      await client.waitFor('runs:updated', ended);
      // Events, without the answers to what was tried above.
      const events = client.received.filter(({ event }) => !event.endsWith(':result'));
      for (const other of started.filter((id) => id !== started[index]))
        expect(JSON.stringify(events)).not.toContain(other);
    }
  });

  it('whoever comes late gets all of the output and then the rest, once, and none after logging out', async () => {
    const parts = Array.from({ length: 40 }, (_, i) => `part ${i}\n`);
    const prompt = steps(
      ...parts.slice(0, 20).map((text): ['out', string] => ['out', text]),
      ['hold', runs.file('go')],
      ...parts.slice(20).map((text): ['out', string] => ['out', text]),
      ['hold', runs.file('end')],
      ['out', 'after'],
    );
    const { data } = await ana.request('runs:start', { prompt });
    const { id } = data?.['run'] as { id: string };
    await ana.waitFor('claude:progress', ({ data: text }) => String(text).includes('part 19'));
    const late = await runs.user('ana');
    const texts: string[] = [];
    late.socket.on('runs:piece', ({ piece }: { piece: { text: string } }) => texts.push(piece.text));
    const { data: output } = await late.request('runs:follow', { id });
    const before = (output?.['pieces'] as { text: string }[]).map(({ text }) => text);
    await runs.touch('go');
    await expect.poll(() => [...before, ...texts].join('')).toBe(parts.join(''));
    await late.ack('logout');
    await runs.touch('end');
    await ana.waitFor('claude:complete');
    await runs.heardNothing([late], 'after');
    expect(texts.join('')).not.toContain('after');
  });
});
