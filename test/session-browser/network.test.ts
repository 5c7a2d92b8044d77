/** What may pass does, by each way; what has a way of its own does not. */
import { createSocket } from 'node:dgram';
import { createHash } from 'node:crypto';
import http from 'node:http';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { html, never, openTestBrowser, refOf, startSite } from './harness.ts';

it('opens sockets to a site that is allowed', async () => {
  const server = http.createServer((_request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(
      html(`<p id="out">no</p><script>
      const socket = new WebSocket('ws://' + location.host + '/socket');
      socket.onmessage = ({ data }) => { out.textContent = 'heard ' + data; };
    </script>`),
    );
  });
  server.on('upgrade', (request, socket) => {
    const key = createHash('sha1').update(
      `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`,
    );
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key.digest('base64')}\r\n\r\n`,
    );
    socket.write(Buffer.concat([Buffer.from([0x81, 5]), Buffer.from('words')]));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => server.closeAllConnections());
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { browser } = await openTestBrowser({
    network: () => ({ allow: [], deny: [], allowPrivate: [`127.0.0.1:${port}`] }),
  });
  await browser.navigate(`http://127.0.0.1:${port}/`, never);
  expect((await browser.wait({ text: 'heard words', seconds: 10 }, never)).text).toContain('is there');
});

it('carries https as it is, and says when no secure connection comes about', async () => {
  const hellos: number[] = [];
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      hellos.push(data[0] ?? -1);
      socket.end('this is no TLS at all');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const { browser } = await openTestBrowser({
    network: () => ({ allow: [], deny: [], allowPrivate: [`127.0.0.1:${port}`] }),
  });
  await expect(browser.navigate(`https://127.0.0.1:${port}/`, never)).rejects.toMatchObject({
    code: 'UNREACHABLE',
    message: expect.stringContaining('no secure connection'),
  });
  // The first byte of a TLS handshake.
  expect(new Set(hellos)).toEqual(new Set([0x16]));
});

it('sends nothing by UDP, which no proxy sees', async () => {
  const socket = createSocket('udp4');
  const heard: Buffer[] = [];
  socket.on('message', (message) => heard.push(message));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void socket.close());
  const { port } = socket.address();
  const site = await startSite({
    '/': html(`<p id="out">waiting</p><script>
      const ends = ['stun:127.0.0.1:${port}', 'turn:127.0.0.1:${port}'].map(async (urls) => {
        const peer = new RTCPeerConnection({ iceServers: [{ urls, username: 'a', credential: 'b' }] });
        peer.createDataChannel('x');
        const candidates = [];
        peer.onicecandidate = ({ candidate }) => { if (candidate) candidates.push(candidate.candidate); };
        const gathered = new Promise((done) => { peer.onicegatheringstatechange = () => { if (peer.iceGatheringState === 'complete') done(); }; });
        await peer.setLocalDescription(await peer.createOffer());
        await Promise.race([gathered, new Promise((done) => setTimeout(done, 4000))]);
        return candidates.length;
      });
      Promise.all(ends).then((all) => { out.textContent = 'candidates ' + all.join(' '); }, (error) => { out.textContent = 'candidates none: ' + error; });
    </script>`),
  });
  const { browser } = await openTestBrowser({ sites: [site] });
  await browser.navigate(site.origin, never);
  await browser.wait({ text: 'candidates', seconds: 10 }, never);
  expect((await browser.read(0, 1_000, never)).text).toMatch(/candidates (?:0 0|none)/);
  expect(heard).toEqual([]);
});

it('reads and uses a frame of another site, which has a process of its own', async () => {
  const inside = await startSite({
    '/': html(
      '<p>Inside</p><input aria-label="Code"><button onclick="p.textContent = \'code \' + document.querySelector(\'input\').value">Send</button><p id="p"></p>',
    ),
  });
  const outside = await startSite({
    '/': html(
      `<div style="height:30px"></div><iframe title="Pay" style="margin-left:40px;width:400px;height:200px" src="http://two.example:${inside.port}/"></iframe>`,
    ),
  });
  const { browser, visits } = await openTestBrowser({
    deps: { lookup: async () => ['127.0.0.1'] },
    network: () => ({
      allow: [],
      deny: [],
      allowPrivate: [`one.example:${outside.port}`, `two.example:${inside.port}`],
    }),
  });
  await browser.navigate(`http://one.example:${outside.port}/`, never);
  const { text } = await browser.read(0, 5_000, never);
  expect(text).toMatch(/frame "Pay" \[e\d+\]\n {2}Inside/);
  await browser.type(refOf(text, 'textbox "Code"'), '1234', false, never);
  await browser.click(refOf(text, 'button "Send"'), never);
  expect((await browser.read(0, 5_000, never)).text).toContain('code 1234');
  expect(visits).toEqual([`http://one.example:${outside.port}/`]);
});

it('says when a host does not exist or nothing answers', async () => {
  const site = await startSite({ '/': 'x' });
  const { browser } = await openTestBrowser({
    deps: {
      lookup: async () => {
        throw new Error('ENOTFOUND');
      },
    },
    network: () => ({ allow: ['*'], deny: [], allowPrivate: ['127.0.0.1:1', `127.0.0.1:${site.port}`] }),
  });
  for (const url of ['http://nowhere.example/', 'https://nowhere.example/'])
    await expect(browser.navigate(url, never)).rejects.toMatchObject({
      code: 'UNREACHABLE',
      message: 'There is no host nowhere.example.',
    });
});

it('follows a change of the configuration at once', async () => {
  const site = await startSite({ '/': html('hello') });
  let allowPrivate = [`127.0.0.1:${site.port}`];
  const { browser } = await openTestBrowser({ network: () => ({ allow: ['*'], deny: [], allowPrivate }) });
  await browser.navigate(site.origin, never);
  allowPrivate = [];
  await expect(browser.navigate(site.origin, never)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(site.requests.filter((request) => request === 'GET /')).toHaveLength(1);
});
