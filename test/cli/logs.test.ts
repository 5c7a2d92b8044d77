import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createLogCursor } from '../../src/cli/log-tail.ts';
import { createAccess } from '../../src/commands/access.ts';
import { createRegistry } from '../../src/commands/registry.ts';
import type { LogEntryView, LogLevel } from '../../src/contracts/views.ts';
import { attachSockets } from '../../src/sockets/server.ts';
import { createMemoryServices } from '../support/memory-services.ts';
import type { MemoryServices } from '../support/memory-services.ts';
import { run, start } from './harness.ts';
import type { Running } from './harness.ts';

const entry = (id: number, timestamp: number, level: LogLevel = 'info', source = 'server'): LogEntryView => ({
  id: String(id),
  timestamp,
  level,
  message: `m${id}`,
  source,
});

describe('the seam between the stored tail and the live stream', () => {
  const cursor = (level: LogLevel | null = null, source: string | null = null) => {
    const printed: string[] = [];
    return {
      printed,
      cursor: createLogCursor({ level, source }, (each) => printed.push(`${each.id}@${each.timestamp}`)),
    };
  };

  it('prints nothing twice, loses nothing and keeps the order', async () => {
    const { printed, cursor: log } = cursor();
    let release: (entries: LogEntryView[]) => void = () => undefined;
    const reading = log.catchUp(() => new Promise((resolve) => (release = resolve)));
    log.add(entry(3, 30));
    log.add(entry(4, 30));
    release([entry(1, 10), entry(2, 20), entry(3, 30)]);
    await reading;
    log.add(entry(5, 30));
    log.add(entry(5, 30));
    expect(printed).toEqual(['1@10', '2@20', '3@30', '4@30', '5@30']);
  });

  it('takes the ids of a restarted server for new ones', async () => {
    const { printed, cursor: log } = cursor();
    await log.catchUp(() => Promise.resolve([entry(900, 10)]));
    await log.catchUp(() => Promise.resolve([entry(1, 20), entry(2, 21)]));
    log.add(entry(3, 22));
    expect(printed).toEqual(['900@10', '1@20', '2@21', '3@22']);
  });

  it('goes on after a tail that could not be read', async () => {
    const { printed, cursor: log } = cursor();
    const reading = log.catchUp(() => Promise.reject(new Error('lost')));
    log.add(entry(1, 1));
    await expect(reading).rejects.toThrow('lost');
    expect(printed).toEqual(['1@1']);
  });

  it('filters by least level and by source', () => {
    const { printed, cursor: log } = cursor('warn', 'router');
    log.add(entry(1, 1, 'info', 'router'));
    log.add(entry(2, 2, 'error', 'server'));
    log.add(entry(3, 3, 'error', 'router'));
    log.add(entry(4, 4, 'warn', 'router'));
    expect(printed).toEqual(['3@3', '4@4']);
  });
});

const serveOn = async (services: MemoryServices, port: number) => {
  const http = createServer();
  const rules = { allowedHosts: () => [], allowedOrigins: () => [] };
  const access = createAccess(services.control.keys.ring);
  const sockets = attachSockets(http, {
    services,
    access,
    registry: createRegistry(services),
    rules,
    version: '0.0.0',
  });
  await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
  return {
    port: (http.address() as AddressInfo).port,
    close: async () => {
      await sockets.close();
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
};

describe('llamactor logs', () => {
  const open: { close: () => Promise<void> }[] = [];
  const following: Running[] = [];
  afterEach(async () => {
    for (const each of following.splice(0)) {
      each.signal('SIGINT');
      await each.done;
    }
    for (const each of open.splice(0)) await each.close();
  });
  const begin = async (services: MemoryServices, port = 0) => {
    const server = await serveOn(services, port);
    open.push(server);
    return { ...server, url: `http://127.0.0.1:${server.port}` };
  };
  const follow = (url: string, ...flags: string[]): Running => {
    const running = start(['logs', '-f', ...flags], { url });
    following.push(running);
    return running;
  };

  it('prints the newest entries, oldest first, from a level upwards', async () => {
    const services = createMemoryServices();
    services.control.log('debug', 'server', 'one');
    services.control.log('warn', 'router', 'two');
    services.control.log('info', 'server', 'three');
    services.control.log('error', 'model:alpha', 'four \u001b[2J');
    const { url } = await begin(services);
    const all = (await run(['logs'], { url })).out.trim().split('\n');
    expect(all.map((line) => line.split(' ').slice(1).filter(Boolean).join(' '))).toEqual([
      'debug server one',
      'warn router two',
      'info server three',
      'error model:alpha four \uFFFD[2J',
    ]);
    const words = async (...flags: string[]): Promise<string[]> =>
      ((await run(['logs', '--json', ...flags], { url })).json() as { logs: LogEntryView[] }).logs.map((each) =>
        each.message.slice(0, 5),
      );
    expect(await words('--level', 'warn')).toEqual(['two', 'four ']);
    expect(await words('-n', '2')).toEqual(['three', 'four ']);
    expect(await words('--source', 'alpha.gguf')).toEqual(['four ']);
    expect(await words('--source', 'router')).toEqual(['two']);
    expect(await run(['logs', '--source', 'nobody'], { url })).toMatchObject({ code: 1, out: '' });
    expect((await run(['logs', '--clear'], { url })).out).toBe('Cleared 4 log entries.\n');
    expect((await run(['logs'], { url })).out).toBe('');
  });

  it('-f goes on, one JSON line per entry', async () => {
    const services = createMemoryServices();
    services.control.log('info', 'server', 'before');
    const { url } = await begin(services);
    const running = follow(url, '--json', '--source', 'server');
    await vi.waitFor(() => expect(running.out()).toContain('before'));
    services.control.log('info', 'router', 'elsewhere');
    services.control.log('warn', 'server', 'after');
    await vi.waitFor(() => expect(running.out()).toContain('after'));
    const lines = running
      .out()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as LogEntryView);
    expect(lines).toMatchObject([
      { message: 'before', level: 'info', source: 'server', timestamp: expect.any(Number) as number },
      { message: 'after', level: 'warn', source: 'server', timestamp: expect.any(Number) as number },
    ]);
  });

  it('-f reconnects and catches up', async () => {
    const services = createMemoryServices();
    const first = await begin(services);
    const running = follow(first.url);
    services.control.log('info', 'server', 'first');
    await vi.waitFor(() => expect(running.out()).toContain('first'));
    await first.close();
    open.length = 0;
    await vi.waitFor(() => expect(running.err()).toContain('The connection was lost'));
    services.control.log('info', 'server', 'missed');
    await begin(services, first.port);
    await vi.waitFor(() => expect(running.out()).toContain('missed'), { timeout: 15_000 });
    expect(running.out().match(/first/g)).toHaveLength(1);
    expect(running.err()).toContain('Connected again.');
  });

  it('-f ends quietly when nobody reads any more', async () => {
    const services = createMemoryServices();
    const { url } = await begin(services);
    const running = start(['logs', '-f'], { url, breakStdoutAfter: 1 });
    services.control.log('info', 'server', 'one');
    await vi.waitFor(() => expect(running.out()).toContain('one'));
    services.control.log('info', 'server', 'two');
    expect(await running.done).toBe(0);
    expect(running.err()).toBe('');
  });
});
