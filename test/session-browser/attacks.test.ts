/** Pages that want to get at what a browser may not reach, or to keep it for themselves. */
import { describe, expect, it } from 'vitest';
import { html, never, openTestBrowser, refOf, startSite } from './harness.ts';
import type { Opened } from './harness.ts';

const readAll = async ({ browser }: Opened): Promise<string> => (await browser.read(0, 50_000, never)).text;

describe('a server of this machine that is not allowed', () => {
  it.each([
    ['a link', (at: string) => html(`<a href="${at}/api">open</a>`)],
    [
      'a form',
      (at: string) =>
        html(`<form method="post" action="${at}/api"><input name="a" value="b"><button>open</button></form>`),
    ],
    ['a redirect', () => html('<a href="/away">open</a>')],
    ['a script that leaves', (at: string) => html(`<button onclick="location = '${at}/api'">open</button>`)],
    ['another window', (at: string) => html(`<button onclick="window.open('${at}/api')">open</button>`)],
    ['a link to another window', (at: string) => html(`<a target="_blank" href="${at}/api">open</a>`)],
    ['a refresh', () => html('<a href="/refresh">open</a>')],
  ])('gets nothing by %s', async (_, page) => {
    const forbidden = await startSite({ '/api': 'secret' });
    const site = await startSite({
      '/': page(forbidden.origin),
      '/away': (_request, response) => response.writeHead(302, { location: `${forbidden.origin}/api` }).end(),
      '/refresh': (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'text/html' })
          .end(html('here', `<meta http-equiv="refresh" content="0; url=${forbidden.origin}/api">`)),
    });
    const opened = await openTestBrowser({ sites: [site] });
    await opened.browser.navigate(site.origin, never);
    const done = await opened.browser.click(refOf(await readAll(opened), 'open'), never);
    expect(done.text).toContain(`Refused: ${forbidden.origin}/api`);
    expect(opened.refusals()).toEqual([expect.stringContaining('sessions.allowPrivate')]);
    expect(opened.browser.page()?.url).not.toContain(String(forbidden.port));
    expect(await readAll(opened)).not.toContain('secret');
    expect(forbidden.connections).toBe(0);
  });

  it('gets nothing from what a page loads: requests, sockets, frames, pictures, styles, workers, beacons', async () => {
    const forbidden = await startSite({ '/': 'secret' });
    const at = forbidden.origin;
    const ws = at.replace('http', 'ws');
    const site = await startSite({
      '/': html(
        `<iframe src="${at}/frame"></iframe><img src="${at}/picture"><link rel="stylesheet" href="${at}/style">
         <link rel="preconnect" href="${at}"><link rel="dns-prefetch" href="${at}"><link rel="prefetch" href="${at}/prefetch">
         <object data="${at}/object"></object><video src="${at}/video"></video><p id="out">waiting</p><script src="${at}/script"></script>
         <script type="speculationrules">{"prerender": [{"source": "list", "urls": ["${at}/prerender"]}]}</script>
         <script>
          const ends = [];
          ends.push(fetch('${at}/fetch').then((r) => r.text()).catch(() => 'no'));
          ends.push(fetch('${at}/opaque', { mode: 'no-cors' }).then(() => 'yes').catch(() => 'no'));
          ends.push(new Promise((done) => { const s = new WebSocket('${ws}/socket'); s.onopen = () => done('yes'); s.onerror = () => done('no'); }));
          ends.push(new Promise((done) => { const s = new EventSource('${at}/events'); s.onopen = () => done('yes'); s.onerror = () => { s.close(); done('no'); }; }));
          navigator.sendBeacon('${at}/beacon', 'x');
          new Worker(URL.createObjectURL(new Blob(["fetch('${at}/worker').catch(() => 0)"])));
          Promise.all(ends).then((all) => { out.textContent = all.join(' '); });
         </script>`,
      ),
    });
    const opened = await openTestBrowser({ sites: [site] });
    await opened.browser.navigate(site.origin, never);
    const { text } = await opened.browser.wait({ text: 'no yes no no', seconds: 20 }, never);
    expect(text).toContain('“no yes no no” is there');
    // The second cannot tell an answer of the site from one of the proxy.
    for (const what of ['frame', 'picture', 'fetch', 'script'])
      expect(opened.refusals()).toContainEqual(expect.stringContaining(`${at}/${what}`));
    // Sockets go through a tunnel, of which only the place is known.
    expect(opened.refusals()).toContainEqual(expect.stringMatching(new RegExp(`^127\\.0\\.0\\.1:${forbidden.port}: `)));
    expect(forbidden.connections).toBe(0);
  });

  it('is not reached by any other way to write its address', async () => {
    const forbidden = await startSite({ '/': 'secret' });
    const opened = await openTestBrowser({ sites: [] });
    const forms = [
      '2130706433',
      '0x7f000001',
      '0177.0.0.1',
      '127.1',
      '0',
      '0.0.0.0',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '[::ffff:7f00:1]',
      '[64:ff9b::127.0.0.1]',
    ];
    for (const host of [...forms, 'localhost', 'app.localhost'])
      await expect(opened.browser.navigate(`http://${host}:${forbidden.port}/`, never), host).rejects.toMatchObject({
        code: 'NOT_ALLOWED',
      });
    expect(opened.refusals().length).toBeGreaterThan(3);
    expect(forbidden.connections).toBe(0);
  });

  it('is not reached by a name, also when a page that is allowed leads to it', async () => {
    const forbidden = await startSite({ '/': 'secret' });
    const inside = `http://inside.example:${forbidden.port}/`;
    const site = await startSite({
      '/': html('<a href="/away">open</a>'),
      '/away': (_request, response) => response.writeHead(302, { location: inside }).end(),
    });
    const opened = await openTestBrowser({ sites: [site], deps: { lookup: async () => ['127.0.0.1'] } });
    await expect(opened.browser.navigate(inside, never)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: expect.stringContaining('its address is 127.0.0.1'),
    });
    await opened.browser.navigate(site.origin, never);
    const done = await opened.browser.click(refOf(await readAll(opened), 'open'), never);
    expect(done.text).toContain(`Refused: ${inside}`);
    expect(forbidden.connections).toBe(0);
  });
});

it('opens nothing but http and https, whoever asks', async () => {
  const site = await startSite({
    '/': html(
      ['file:///etc/passwd', 'view-source:file:///etc/passwd', 'chrome://version', 'data:text/html,secret']
        .map(
          (url, at) =>
            `<a href="${url}">link ${at}</a><button onclick="location = '${url}'">button ${at}</button><button onclick="window.open('${url}')">window ${at}</button>`,
        )
        .join('') + '<iframe src="file:///etc/passwd"></iframe>',
    ),
  });
  const opened = await openTestBrowser({ sites: [site] });
  for (const url of [
    'file:///etc/passwd',
    'FILE:///etc/passwd',
    'chrome://settings',
    'view-source:http://127.0.0.1/',
    'data:text/html,hello',
    'javascript:alert(1)',
    'about:blank',
    'filesystem:http://a/b',
    'ftp://127.0.0.1/',
    'no address at all',
    'http://user:pass@example.com/',
  ])
    await expect(opened.browser.navigate(url, never), url).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  await opened.browser.navigate(site.origin, never);
  for (let at = 0; at < 4; at += 1)
    for (const kind of ['link', 'button', 'window']) {
      if (opened.browser.page()?.url !== `${site.origin}/`) await opened.browser.navigate(site.origin, never);
      await opened.browser.click(refOf(await readAll(opened), `"${kind} ${at}"`), never);
      expect(await readAll(opened)).not.toMatch(/root:|secret$|Chromium\s+\d/m);
    }
});

it('asks before each new site, holds what waits, and tells the model why not', async () => {
  const first = await startSite({ '/': html('<a href="/to">open</a>') });
  const second = await startSite({ '/': html('<p>second</p>', '<title>Second</title>') });
  const redirecting = await startSite({
    '/': html(`<a href="/to">open</a>`),
    '/to': (_request, response) => response.writeHead(302, { location: `${second.origin}/` }).end(),
  });
  const asked: string[] = [];
  let answer: (allowed: boolean) => void = () => undefined;
  const opened = await openTestBrowser({
    sites: [first, second, redirecting],
    deps: { actionMs: 1_500 },
    mayVisit: (url) => {
      asked.push(url);
      if (!url.startsWith(second.origin)) return Promise.resolve({ allowed: true, why: null });
      return new Promise((resolve) => {
        answer = (allowed) => resolve({ allowed, why: allowed ? null : 'The person said: not there.' });
      });
    },
  });
  await opened.browser.navigate(redirecting.origin, never);
  const ref = refOf(await readAll(opened), 'open');
  const refused = opened.browser.click(ref, never);
  await expect.poll(() => asked).toEqual([`${redirecting.origin}/`, `${second.origin}/`]);
  // Longer than an action may take: what a person needs does not count.
  await new Promise((resolve) => setTimeout(resolve, 2_000));
  expect(second.connections).toBe(0);
  answer(false);
  expect((await refused).text).toContain('The person said: not there.');
  expect(opened.browser.page()?.url).toBe(`${redirecting.origin}/`);
  const allowed = opened.browser.click(ref, never);
  await expect.poll(() => asked.length).toBe(3);
  answer(true);
  expect((await allowed).page?.title).toBe('Second');
  // Known by now.
  await opened.browser.navigate(`${second.origin}/`, never);
  expect(asked).toHaveLength(3);
});

it('lets nothing through that waited for an action that was called off', async () => {
  const site = await startSite({ '/': 'hello' });
  let answer: (allowed: boolean) => void = () => undefined;
  const opened = await openTestBrowser({
    sites: [site],
    mayVisit: () =>
      new Promise((resolve) => {
        answer = (allowed) => resolve({ allowed, why: null });
      }),
  });
  const abort = new AbortController();
  const going = opened.browser.navigate(site.origin, abort.signal);
  const settled = expect(going).rejects.toMatchObject({ code: 'ABORTED' });
  await new Promise((resolve) => setTimeout(resolve, 300));
  abort.abort();
  await settled;
  answer(true);
  await opened.browser.wait({ seconds: 0.5 }, never);
  expect(site.requests).toEqual([]);
});

it('cuts a page of a gigabyte', async () => {
  const chunk = Buffer.from('<p>'.padEnd(64 * 1024, 'all work and no play '));
  let sent = 0;
  const site = await startSite({
    '/': (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' });
      const more = (): void => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
        response.end();
      };
      response.on('drain', more);
      more();
    },
    '/small': html('small'),
  });
  const opened = await openTestBrowser({ sites: [site], mostBytes: () => 3 * 2 ** 20 });
  await opened.browser.navigate(site.origin, never).catch(() => undefined);
  await opened.event((event) => event.type === 'refused' && event.why.includes('MiB'));
  const { text } = await opened.browser.read(0, 1_000, never);
  expect(text.length).toBeLessThan(2_000);
  expect(sent).toBeLessThan(64 * 2 ** 20);
  await opened.browser.navigate(`${site.origin}/small`, never);
  expect(await readAll(opened)).toContain('small');
});

it('reads a page with a hundred thousand elements as far as it is asked for', async () => {
  const site = await startSite({ '/': html('<p>some words</p>'.repeat(100_000)) });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  const first = await opened.browser.read(0, 500, never);
  expect(first.text).toMatch(/some words[^]*read it from 500/);
  expect((await opened.browser.read(500, 500, never)).text).toMatch(/read it from 1000/);
});

it('ends an endless redirect with words', async () => {
  const site = await startSite((request, response) => {
    response.writeHead(302, { location: `/${Number(request.url?.slice(1) ?? 0) + 1}` }).end();
  });
  const opened = await openTestBrowser({ sites: [site] });
  await expect(opened.browser.navigate(`${site.origin}/1`, never)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('redirects without end'),
  });
});

it('survives dialogues without end', async () => {
  const site = await startSite({
    '/loop': html('<button onclick="while (true) alert(1)">loop</button>'),
    '/later': html('<button onclick="setInterval(() => confirm(2), 1)">later</button>'),
    '/other': html('other'),
  });
  const opened = await openTestBrowser({ sites: [site] });
  for (const name of ['loop', 'later']) {
    await opened.browser.navigate(`${site.origin}/${name}`, never);
    await opened.browser.click(refOf(await readAll(opened), `"${name}"`), never);
    await opened.browser.navigate(`${site.origin}/other`, never);
    expect(await readAll(opened)).toContain('other');
  }
  expect(opened.refusals()).toContainEqual(expect.stringContaining('dialogues did not end'));
  // The first few of each action are told, the rest is not.
  expect(opened.events.filter((event) => event.type === 'dialog').length).toBeLessThanOrEqual(6 * 5);
});

it('leaves a page whose frame does not end its dialogues', async () => {
  const site = await startSite({
    '/': html('<iframe src="/frame"></iframe>'),
    '/frame': html('<script>setInterval(() => alert(1), 1)</script>'),
    '/other': html('other'),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  await expect.poll(() => opened.refusals(), { timeout: 10_000 }).toEqual([expect.stringContaining('did not end')]);
  await opened.browser.navigate(`${site.origin}/other`, never);
  expect(await readAll(opened)).toContain('other');
});

it('counts what a page takes on, whatever it tries to open meanwhile', async () => {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  let sent = 0;
  const site = await startSite({
    '/': html(`<script>
      fetch('/endless').then(async (response) => { for await (const part of response.body); }).catch(() => 0);
      setInterval(() => { location = 'http://10.1.2.3/'; }, 20);
    </script>`),
    '/endless': (_request, response) => {
      response.on('error', () => undefined);
      const more = (): void => {
        while (!response.destroyed && sent < 2 ** 30) {
          sent += chunk.length;
          if (!response.write(chunk)) return;
        }
      };
      response.on('drain', more);
      more();
    },
  });
  const opened = await openTestBrowser({ sites: [site], mostBytes: () => 5 * 2 ** 20 });
  await opened.browser.navigate(site.origin, never).catch(() => undefined);
  await opened.event((event) => event.type === 'refused' && event.why.includes('MiB'));
  await opened.browser.wait({ seconds: 0.5 }, never);
  expect(sent).toBeLessThan(64 * 2 ** 20);
});

it('answers single dialogues with no and says what they said', async () => {
  const site = await startSite({
    '/': html(
      '<button onclick="out.textContent = String(confirm(\'Delete all?\')) + String(prompt(\'Password?\'))">ask</button><p id="out"></p>',
    ),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  const done = await opened.browser.click(refOf(await readAll(opened), '"ask"'), never);
  expect(done.text).toContain('“Delete all?”; the answer was no');
  expect(await readAll(opened)).toContain('falsenull');
  expect(opened.events).toContainEqual({ type: 'dialog', kind: 'confirm', message: 'Delete all?' });
});

it('leaves a page that does not want to be left', async () => {
  const site = await startSite({
    '/': html(
      '<button>stay</button><script>onbeforeunload = (event) => { event.preventDefault(); return "stay"; }</script>',
    ),
    '/other': html('other'),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  // Only a page that was touched may ask.
  await opened.browser.click(refOf(await readAll(opened), '"stay"'), never);
  await opened.browser.navigate(`${site.origin}/other`, never);
  expect(opened.browser.page()?.url).toBe(`${site.origin}/other`);
  expect(opened.events).toContainEqual(expect.objectContaining({ type: 'dialog', kind: 'beforeunload' }));
});

it('opens a few windows and no storm', async () => {
  const site = await startSite({
    '/': html('<button onclick="for (let i = 0; i < 60; i += 1) window.open(\'/pop?\' + i)">storm</button>'),
    '/pop': html('<script>for (let i = 0; i < 5; i += 1) window.open("/pop?again" + i)</script>pop'),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  await opened.browser.click(refOf(await readAll(opened), '"storm"'), never);
  expect(opened.refusals()).toContainEqual(expect.stringContaining('the most'));
  await opened.browser.navigate(`${site.origin}/`, never);
  expect(await readAll(opened)).toContain('storm');
});

it('drives a new window and goes back to its opener', async () => {
  const site = await startSite({
    '/': html('<a target="_blank" href="/new">open</a>', '<title>Old</title>'),
    '/new': html('<button onclick="window.close()">close</button>', '<title>New</title>'),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin, never);
  const ref = refOf(await readAll(opened), 'open');
  expect((await opened.browser.click(ref, never)).page?.title).toBe('New');
  expect((await opened.browser.back(never)).page?.title).toBe('Old');
  await opened.browser.click(ref, never);
  const done = await opened.browser.click(refOf(await readAll(opened), '"close"'), never);
  expect(done.page?.title).toBe('Old');
});

it('ends an action on a page whose script never ends, and can go on', async () => {
  const site = await startSite({
    '/': html('<button onclick="while (true);">hang</button>'),
    '/other': html('other'),
  });
  const opened = await openTestBrowser({ sites: [site], deps: { actionMs: 2_000 } });
  await opened.browser.navigate(site.origin, never);
  const ref = refOf(await readAll(opened), '"hang"');
  await expect(opened.browser.click(ref, never)).rejects.toMatchObject({ code: 'TIMEOUT' });
  const abort = new AbortController();
  const clicked = opened.browser.click(ref, abort.signal);
  const settled = expect(clicked).rejects.toMatchObject({ code: 'ABORTED' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  abort.abort();
  await settled;
  await opened.browser.navigate(`${site.origin}/other`, never);
  expect(await readAll(opened)).toContain('other');
});

it('grants a page nothing: no place, no camera, no clipboard, no notifications, no service worker', async () => {
  const site = await startSite({
    '/': html(`<p id="out"></p><script>
      const no = (promise) => promise.then(() => 'yes', () => 'no');
      Promise.all([
        new Promise((done) => navigator.geolocation.getCurrentPosition(() => done('yes'), () => done('no'))),
        no(navigator.permissions.query({ name: 'notifications' }).then(({ state }) => { if (state !== 'granted') throw state; })),
        no(new Promise((done, fail) => { if (!navigator.clipboard) fail(); else navigator.clipboard.readText().then(done, fail); })),
        no(new Promise((done, fail) => { if (!navigator.mediaDevices) fail(); else navigator.mediaDevices.getUserMedia({ video: true }).then(done, fail); })),
        no(new Promise((done, fail) => { navigator.serviceWorker.register('/sw.js').then((it) => (it ? done() : fail()), fail); })),
      ]).then((all) => { out.textContent = all.join(' '); });
    </script>`),
    '/sw.js': (_request, response) => response.writeHead(200, { 'content-type': 'text/javascript' }).end(''),
  });
  const opened = await openTestBrowser({ sites: [site] });
  await opened.browser.navigate(site.origin.replace('127.0.0.1', '127.0.0.1'), never);
  expect((await opened.browser.wait({ text: 'no no no no no', seconds: 10 }, never)).text).toContain('is there');
});
