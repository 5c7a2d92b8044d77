/** The way out by itself, without a browser. */
import http from 'node:http';
import net from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import type { NetworkRules } from '../../src/io/browser/browser.ts';
import { startEgressProxy } from '../../src/io/browser/egress-proxy.ts';
import type { EgressOptions, EgressProxy } from '../../src/io/browser/egress-proxy.ts';
import { isNamedPrivate, parsePlace, placeOf, whyNotHost, whyPrivate } from '../../src/io/browser/egress-rules.ts';
import { startSite } from './harness.ts';

const rules = (part: Partial<NetworkRules> = {}): NetworkRules => ({
  allow: ['*'],
  deny: [],
  allowPrivate: [],
  ...part,
});

const start = async (part: Partial<EgressOptions> = {}): Promise<EgressProxy & { told: string[] }> => {
  const told: string[] = [];
  const proxy = await startEgressProxy({
    network: () => rules(),
    mostBytes: () => 2 ** 20,
    refused: (what, why) => told.push(`refused ${what}: ${why}`),
    failed: (what, why) => told.push(`failed ${what}: ${why}`),
    ...part,
  });
  onTestFinished(() => proxy.close());
  return { ...proxy, told };
};

const authorization = ({ username, password }: EgressProxy): string =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

const get = (
  proxy: EgressProxy,
  url: string,
  credentials: string | null = authorization(proxy),
): Promise<{ status: number; body: string; headers: http.IncomingHttpHeaders }> =>
  new Promise((resolve, reject) => {
    const headers: http.OutgoingHttpHeaders = { host: new URL(url).host };
    if (credentials !== null) headers['proxy-authorization'] = credentials;
    const request = http.get({ host: '127.0.0.1', port: proxy.port, path: url, headers, agent: false });
    request.on('error', reject);
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('close', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
  });

/** The first line of the answer to CONNECT. */
const connect = (proxy: EgressProxy, place: string, credentials = authorization(proxy)): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = net.connect(proxy.port, '127.0.0.1');
    socket.on('error', reject);
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString('latin1').split('\r\n')[0] ?? '');
    });
    socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\nProxy-Authorization: ${credentials}\r\n\r\n`);
  });

it.each([
  '127.0.0.1',
  '127.255.1.1',
  '0.0.0.0',
  '0.1.2.3',
  '10.1.2.3',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '100.100.100.200',
  '198.18.0.1',
  '192.0.0.192',
  '224.0.0.1',
  '255.255.255.255',
  '240.0.0.1',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:10.0.0.1',
  '::127.0.0.1',
  '64:ff9b::7f00:1',
  '64:ff9b:1::a00:1',
  '2002:7f00:1::',
  '2001::1',
  'fe80::1',
  'fec0::1',
  'fd00:ec2::254',
  'fc00::1',
  'ff02::1',
  'not an address',
])('takes %s for none of the internet', (address) => {
  expect(whyPrivate(address)).not.toBeNull();
});

it.each(['93.184.216.34', '1.1.1.1', '2606:4700::1111', '::ffff:1.1.1.1', '64:ff9b::101:101'])(
  'takes %s for one of the internet',
  (address) => {
    expect(whyPrivate(address)).toBeNull();
  },
);

it('reads hosts with and without ports', () => {
  expect(parsePlace('Example.COM.', 443)).toEqual({ host: 'example.com', port: 443 });
  expect(parsePlace('example.com:8080', 443)).toEqual({ host: 'example.com', port: 8080 });
  expect(parsePlace('[::1]:8080', 443)).toEqual({ host: '::1', port: 8080 });
  expect(parsePlace('::1', 443)).toEqual({ host: '::1', port: 443 });
  expect(parsePlace('example.com:99999', 443)).toBeNull();
  expect(placeOf(new URL('https://example.com/'))).toEqual({ host: 'example.com', port: 443 });
});

it('follows the configured hosts: what is denied counts first, then what is named, then what is allowed', () => {
  const shop = { host: 'shop.example.com', port: 443 };
  expect(whyNotHost(rules(), shop)).toBeNull();
  expect(whyNotHost(rules({ allow: ['*.example.com'] }), shop)).toBeNull();
  expect(whyNotHost(rules({ allow: ['example.com'] }), shop)).toContain('sessions.allow');
  expect(whyNotHost(rules({ allow: [] }), shop)).toContain('sessions.allow');
  expect(whyNotHost(rules({ deny: ['*.example.com'] }), shop)).toContain('sessions.deny');
  expect(whyNotHost(rules({ allow: ['shop.example.com:8443'] }), shop)).toContain('sessions.allow');
  const local = { host: '127.0.0.1', port: 5173 };
  expect(whyNotHost(rules(), local)).toContain('sessions.allowPrivate');
  expect(whyNotHost(rules({ allow: [], allowPrivate: ['127.0.0.1:5173'] }), local)).toBeNull();
  expect(whyNotHost(rules({ allowPrivate: ['127.0.0.1:5173'], deny: ['127.0.0.1'] }), local)).toContain(
    'sessions.deny',
  );
});

it('takes no private host as named without its port, and no star', () => {
  expect(isNamedPrivate(rules({ allowPrivate: ['127.0.0.1'] }), { host: '127.0.0.1', port: 5173 })).toBe(false);
  expect(isNamedPrivate(rules({ allowPrivate: ['*'] }), { host: '127.0.0.1', port: 80 })).toBe(false);
  expect(isNamedPrivate(rules({ allowPrivate: ['nas.home'] }), { host: 'nas.home', port: 80 })).toBe(true);
  expect(isNamedPrivate(rules({ allowPrivate: ['[::1]:8080'] }), { host: '::1', port: 8080 })).toBe(true);
});

it('serves nobody but its browser', async () => {
  const site = await startSite({ '/': 'hello' });
  const proxy = await start({ network: () => rules({ allowPrivate: [`127.0.0.1:${site.port}`] }) });
  expect((await get(proxy, `${site.origin}/`, null)).status).toBe(407);
  expect((await get(proxy, `${site.origin}/`, 'Basic YTpi')).status).toBe(407);
  expect(await connect(proxy, `127.0.0.1:${site.port}`, 'Basic YTpi')).toContain('407');
  expect(site.connections).toBe(0);
  expect(await get(proxy, `${site.origin}/`)).toMatchObject({ status: 200, body: 'hello' });
});

it('hands on no header that is between the browser and itself', async () => {
  let seen: http.IncomingHttpHeaders = {};
  const site = await startSite((request, response) => {
    seen = request.headers;
    response.end('ok');
  });
  const proxy = await start({ network: () => rules({ allowPrivate: [`127.0.0.1:${site.port}`] }) });
  await get(proxy, `${site.origin}/`);
  expect(seen['proxy-authorization']).toBeUndefined();
  expect(seen.host).toBe(`127.0.0.1:${site.port}`);
});

it('connects to no name that means this machine, by either way, and says so', async () => {
  const forbidden = await startSite({ '/': 'secret' });
  const proxy = await start({ lookup: async () => ['127.0.0.1'] });
  expect(await get(proxy, `http://inside.example:${forbidden.port}/`)).toMatchObject({ status: 403 });
  expect(await connect(proxy, `inside.example:${forbidden.port}`)).toContain('403');
  expect(forbidden.connections).toBe(0);
  expect(proxy.told).toHaveLength(2);
  expect(proxy.told[0]).toContain('its address is 127.0.0.1');
});

it('refuses a name of which only one address is private', async () => {
  const forbidden = await startSite({ '/': 'secret' });
  const proxy = await start({ lookup: async () => ['93.184.216.34', '127.0.0.1'] });
  expect(await get(proxy, `http://both.example:${forbidden.port}/`)).toMatchObject({ status: 403 });
  expect(forbidden.connections).toBe(0);
});

it('asks for a name once and connects to what it judged: a name that changes gains nothing', async () => {
  const forbidden = await startSite({ '/': 'secret' });
  let asked = 0;
  const proxy = await start({
    lookup: async () => {
      asked += 1;
      // An address of nobody's, then this machine.
      return asked === 1 ? ['2001:db8:ffff::1'] : ['127.0.0.1'];
    },
    network: () => rules(),
  });
  const first = await get(proxy, `http://rebind.example:${forbidden.port}/`);
  expect(first.status).toBeGreaterThanOrEqual(400);
  expect(asked).toBe(1);
  expect(await get(proxy, `http://rebind.example:${forbidden.port}/`)).toMatchObject({ status: 403 });
  expect(forbidden.connections).toBe(0);
});

it('says that a host does not exist or does not answer', async () => {
  const proxy = await start({
    lookup: async () => {
      throw new Error('ENOTFOUND');
    },
  });
  expect(await get(proxy, 'http://nowhere.example/')).toMatchObject({ status: 502 });
  expect(proxy.told).toEqual(['failed http://nowhere.example/: There is no host nowhere.example.']);
});

it('cuts what is too large until another page begins', async () => {
  const site = await startSite({
    '/large': (_request, response) => {
      const chunk = Buffer.alloc(256 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    },
    '/small': 'small',
  });
  const proxy = await start({ network: () => rules({ allowPrivate: [`127.0.0.1:${site.port}`] }) });
  const { body } = await get(proxy, `${site.origin}/large`);
  expect(body.length).toBeLessThanOrEqual(2 * 2 ** 20);
  expect(proxy.told).toHaveLength(1);
  expect(proxy.told[0]).toContain('took more than 1 MiB');
  expect((await get(proxy, `${site.origin}/small`)).status).toBe(403);
  proxy.newPage();
  expect(await get(proxy, `${site.origin}/small`)).toMatchObject({ status: 200, body: 'small' });
});
