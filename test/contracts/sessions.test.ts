/** Rows Z01–Z06, Z09, Z10, Z12 and Z13: sessions in the dialect of seed 002, with two clients. */
import { io } from 'socket.io-client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../support/server.ts';
import { connectClient, fence } from '../support/socket-client.ts';
import type { TestClient } from '../support/socket-client.ts';
import { element, PNG } from '../support/fake-browser.ts';

type Reply = Record<string, unknown> & { success: boolean; sessionId: string };
let server: Awaited<ReturnType<typeof startTestServer>>;
let clients: TestClient[];
beforeEach(async () => {
  server = await startTestServer();
  clients = [];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await server.close();
});

const open = async (auth: Record<string, unknown> = {}): Promise<TestClient> => {
  const client = await connectClient(server.url, { auth });
  clients.push(client);
  return client;
};
const call = (client: TestClient, event: string, ...args: unknown[]): Promise<Reply> =>
  client.ack(event, ...args) as unknown as Promise<Reply>;
const settle = (): Promise<void> => fence((message) => server.services.logs.write('info', 'server', message), clients);
const sessions = () => server.services.control.sessions;
const statuses = (client: TestClient): unknown[] => client.of('sessionStatus').map(({ status }) => status);
const status = (client: TestClient, wanted: string): Promise<Record<string, unknown>> =>
  client.waitFor('sessionStatus', (event) => event['status'] === wanted);
const FINISH = { tool: 'finish', arguments: { answer: 'Bread costs 3.', done: true } } as const;
const create = async (client: TestClient, over: object = {}): Promise<string> =>
  (await call(client, 'createSession', { prompt: 'Find the price of bread.', ...over })).sessionId;

describe('Z01 createSession', () => {
  it('acknowledges at once, runs in the background and ends', async () => {
    const client = await open();
    const reply = await call(client, 'createSession', { prompt: 'Find bread.', sessionType: 'shopping' });
    expect(reply).toMatchObject({
      success: true,
      status: expect.stringMatching(/init|running/) as string,
      files: [],
      fileIds: [],
    });
    sessions().script({ tool: 'read', arguments: { from: 0 } }, FINISH);
    const end = await status(client, 'end');
    expect(end).toMatchObject({
      ...{ eventType: 'status', message: 'It is done.', sessionId: reply.sessionId },
      data: { answer: 'Bread costs 3.', steps: 1 },
    });
    expect(statuses(client)).toContain('running');
    expect(client.of('sessionStatus').map(({ eventType }) => eventType)).toContain('step');
  });

  it('takes instructions for a prompt, and files in both spellings', async () => {
    const client = await open();
    const [one, two] = [sessions().addFile('shared', 'a.txt'), sessions().addFile('shared', 'b.txt')];
    const reply = await call(client, 'createSession', {
      instructions: 'Read them.',
      files: [{ fileId: one.fileId, fileName: 'a.txt', contentType: 'text/plain', size: 5, more: true }],
      fileIds: [two.fileId],
    });
    expect(reply).toMatchObject({
      success: true,
      fileIds: [one.fileId, two.fileId],
      files: [{ fileName: 'a.txt', contentType: 'text/plain', mimeType: 'text/plain', size: 5, fileSize: 5 }, {}],
    });
    expect(await call(client, 'createSession', { prompt: 'x', fileIds: ['nothing'] })).toMatchObject({
      success: false,
      error: expect.stringContaining('nothing') as string,
    });
    expect(await call(client, 'createSession', { prompt: 'x', files: 'a' })).toMatchObject({
      success: false,
      error: 'Invalid payload: files must be an array',
    });
  });

  it('without a prompt pauses the active session, and is an error when there is none', async () => {
    const client = await open();
    const nothing = { success: false, error: 'No active session to interrupt' };
    expect(await call(client, 'createSession', {})).toMatchObject(nothing);
    expect(await call(client, 'createSession')).toMatchObject(nothing);
    const id = await create(client);
    await status(client, 'running');
    expect(await call(client, 'createSession', { prompt: ' ' })).toMatchObject({ success: true, sessionId: id });
    await status(client, 'pause');
    expect(await call(client, 'continueSession', { sessionId: id })).toMatchObject({ success: true });
    sessions().script(FINISH);
    await status(client, 'end');
    expect(await call(client, 'createSession', {})).toMatchObject(nothing);
  });
});

it('Z02 joinSession takes an id, an object, or nothing for the newest active one', async () => {
  const [client, other] = [await open(), await open()];
  expect(await call(other, 'joinSession', {})).toMatchObject({ success: false, error: 'No active session found' });
  const [first, second] = [await create(client), await create(client)];
  expect(await call(other, 'joinSession', first)).toMatchObject({ success: true, session: { id: first } });
  expect(await call(other, 'joinSession', { sessionId: first })).toMatchObject({
    success: true,
    session: { id: first },
  });
  expect(await call(await open(), 'joinSession', {})).toMatchObject({ success: true, session: { id: second } });
  expect(await call(other, 'joinSession', 'nothing')).toMatchObject({ success: false });
  expect(await call(other, 'joinSession', '')).toMatchObject({ success: false, error: 'sessionId is required' });
});

it('Z03 leaveSession leaves the connection as it is, and does not take the focus', async () => {
  const [client, other] = [await open(), await open()];
  await create(client);
  await status(client, 'running');
  expect(await call(other, 'leaveSession')).toEqual({ success: true });
  expect(await call(client, 'leaveSession')).toEqual({ success: true });
  sessions().script(FINISH);
  await status(client, 'end');
  await settle();
  expect(statuses(other)).toEqual([]);
});

it('Z04 cancelSession ends the active session, whose browser is gone then', async () => {
  const client = await open();
  expect(await call(client, 'cancelSession')).toMatchObject({ success: false, error: 'No active session to cancel' });
  const [first, second] = [await create(client), await create(client)];
  await call(client, 'joinSession', first);
  await expect.poll(() => sessions().isQuiet()).toBe(true);
  expect(sessions().browsers.alive.size).toBe(2);
  expect(await call(client, 'cancelSession')).toMatchObject({ success: true, sessionId: first });
  expect([...sessions().browsers.alive]).toEqual([second]);
  expect(await status(client, 'user_stopped')).toMatchObject({ sessionId: first });
  expect(await call(client, 'cancelSession')).toMatchObject({ success: true, sessionId: second });
  expect(await call(client, 'cancelSession')).toMatchObject({ success: false });
});

it('Z05 takeScreenshot is a PNG in base64', async () => {
  const client = await open();
  expect(await call(client, 'takeScreenshot')).toMatchObject({ success: false, error: 'No active session found' });
  await create(client);
  await expect.poll(() => sessions().isQuiet()).toBe(true);
  const { screenshot } = await call(client, 'takeScreenshot');
  expect(Buffer.from(String(screenshot), 'base64')).toEqual(PNG);
  expect(String(screenshot)).not.toContain('data:');
});

it('Z06 sendFileAttachments takes ids and objects, and tells the files', async () => {
  const client = await open();
  const file = sessions().addFile('shared');
  const wrong = { success: false, error: 'Invalid payload: fileIds must be an array' };
  for (const payload of [{ fileIds: 'x' }, {}, undefined, null])
    expect(await call(client, 'sendFileAttachments', payload)).toMatchObject(wrong);
  expect(await call(client, 'sendFileAttachments', { fileIds: [file.fileId] })).toMatchObject({
    success: false,
    error: 'No active session found',
  });
  await create(client);
  expect(await call(client, 'sendFileAttachments', { fileIds: [file.fileId] })).toMatchObject({
    success: true,
    message: '1 file attached.',
  });
  const told = await client.waitFor('sessionStatus', ({ eventType }) => eventType === 'files');
  expect(told).toMatchObject({ data: { fileIds: [file.fileId], files: [{ fileName: 'notes.txt' }] } });
  const again = { fileIds: [{ fileId: file.fileId, fileName: 'notes.txt', contentType: 'text/plain', size: 5 }] };
  expect(await call(client, 'sendFileAttachments', again)).toMatchObject({ success: true });
});

describe('Z09, Z10: sessionStatus goes to the active client alone', () => {
  it('the newest to connect or to call', async () => {
    const [first, second] = [await open(), await open()];
    await create(first);
    await expect.poll(() => sessions().isQuiet()).toBe(true);
    await settle();
    expect(statuses(second)).toEqual([]);
    expect(statuses(first)).toContain('running');
    await call(second, 'joinSession', {});
    const before = statuses(first).length;
    sessions().script(FINISH);
    const end = await status(second, 'end');
    expect(end).toMatchObject({ eventType: 'status', timestamp: expect.any(Number) as number, sessionId: 'session-1' });
    await settle();
    expect(statuses(first)).toHaveLength(before);
  });

  it('nobody after the active client has left, until somebody connects', async () => {
    const [first, second] = [await open(), await open()];
    await create(second);
    await expect.poll(() => sessions().isQuiet()).toBe(true);
    second.close();
    clients = [first];
    await expect.poll(() => server.services.sessions.list('shared', 1)[0]?.status).toBe('running');
    await expect.poll(async () => (await call(first, 'getConnectionInfo'))['connected']).toBe(true);
    sessions().script({ tool: 'ask', arguments: { question: 'White or brown?' } });
    await first.waitFor('sessions:updated', ({ session }) => (session as { question: unknown }).question !== null);
    expect(statuses(first)).toEqual([]);
    const third = await open();
    await call(third, 'continueSession', { sessionId: 'session-1', prompt: 'Brown.' });
    await status(third, 'running');
    expect(sessions().situations.at(-1)?.entries).toContainEqual(
      expect.objectContaining({ kind: 'question', text: 'White or brown?', answer: 'Brown.' }),
    );
  });

  it('one user never hears of another’s, nor can reach them', async () => {
    const token = async (userId: string): Promise<string> =>
      (await server.services.tokens.create({ userId, email: null, scopes: ['operate'], expiresAt: null }, 'test'))
        .token;
    const [ana, ben] = [await open({ token: await token('ana') }), await open({ token: await token('ben') })];
    const id = await create(ana);
    await ana.waitFor('sessions:updated');
    await settle();
    for (const event of ['sessionStatus', 'sessions:updated', 'sessions:entry']) expect(ben.of(event)).toEqual([]);
    for (const event of ['joinSession', 'deleteSession', 'continueSession'])
      expect(await call(ben, event, id)).toMatchObject({ success: false });
    expect(await call(ben, 'takeScreenshot')).toMatchObject({ success: false, error: 'No active session found' });
    expect(await ben.ack('sessions:watch', { id })).toMatchObject({ success: false, code: 'NOT_FOUND' });
    const answer = await fetch(`${server.url}/sessions/${id}/pictures/0.png`, {
      headers: { authorization: `Bearer ${await token('ben')}` },
    });
    expect(answer.status).toBe(404);
  });
});

it('asks for consent: call_user, the request with its picture, and the reason of a no in what the model is told', async () => {
  const client = await open();
  const id = await create(client);
  sessions().browsers.elements.set('e1', element({ ref: 'e1', name: 'Pay now', submits: true }));
  sessions().script({ tool: 'click', arguments: { ref: 'e1' } });
  const request = await client.waitFor('humanLayerRequest');
  expect(request).toMatchObject({
    title: 'Click “Pay now”',
    session: id,
    picture: expect.stringMatching(/^\/sessions\/session-1\/pictures\/1-ask\.png$/) as string,
  });
  expect(await client.waitFor('sessionStatus', ({ eventType }) => eventType === 'approval')).toMatchObject({
    status: 'call_user',
    data: { requestId: request['id'] },
  });
  await call(client, 'rejectHumanLayerRequest', { requestId: request['id'], reason: 'Too dear.' });
  await expect.poll(() => sessions().situations.length).toBe(2);
  expect(sessions().situations[1]?.entries.at(-1)).toMatchObject({
    ...{ kind: 'step', state: 'refused', verdict: 'refused', why: 'Too dear.' },
    result: expect.stringContaining('Too dear.') as string,
  });
  expect(sessions().browsers.done).toEqual([]);
  sessions().script({ tool: 'click', arguments: { ref: 'e1' } });
  const second = await client.waitFor('humanLayerRequest', ({ id: other }) => other !== request['id']);
  await call(client, 'approveHumanLayerRequest', { requestId: second['id'], answer: 'always' });
  await expect.poll(() => sessions().browsers.done).toEqual(['click e1']);
  sessions().script({ tool: 'click', arguments: { ref: 'e1' } });
  await expect.poll(() => sessions().browsers.done).toHaveLength(2);
});

it('Z12 updateSession, continueSession and deleteSession', async () => {
  const client = await open();
  const id = await create(client);
  expect(await call(client, 'updateSession', { sessionId: id, title: 'Bread' })).toMatchObject({
    success: true,
    session: { title: 'Bread' },
  });
  expect(await call(client, 'updateSession', { title: '' })).toMatchObject({ success: false });
  sessions().script(FINISH);
  await status(client, 'end');
  expect(await call(client, 'continueSession', { sessionId: id })).toMatchObject({ success: false });
  expect(await call(client, 'continueSession', { sessionId: id, prompt: 'And milk?' })).toMatchObject({
    success: true,
  });
  await expect
    .poll(() => sessions().situations.at(-1)?.entries.at(-1))
    .toMatchObject({ kind: 'instruction', text: 'And milk?' });
  expect(await call(client, 'deleteSession', id)).toMatchObject({ success: true, sessionId: id });
  expect(await call(client, 'joinSession', id)).toMatchObject({ success: false });
  expect(sessions().browsers.alive.size).toBe(0);
});

it('Z13: success is always there, error exactly when it is false, and no ack function is needed', async () => {
  const client = await open();
  const events = [
    'createSession',
    'joinSession',
    'leaveSession',
    'cancelSession',
    'takeScreenshot',
    'sendFileAttachments',
  ];
  const all = [...events, 'updateSession', 'continueSession', 'deleteSession'];
  const hostile = [undefined, null, 7, 'x', [], {}, { prompt: 7 }, { sessionId: {} }, { fileIds: [null] }];
  for (const event of all)
    for (const payload of hostile) {
      const reply = await (payload === undefined ? call(client, event) : call(client, event, payload));
      expect(typeof reply.success).toBe('boolean');
      expect('error' in reply).toBe(!reply.success);
    }
  for (const event of all) for (const payload of hostile) client.socket.emit(event, payload);
  client.socket.emit('createSession', { prompt: 'No ack.' });
  await client.waitFor('sessions:updated', ({ session }) => (session as { prompt: string }).prompt === 'No ack.');
});

it('the implementation example of the contract runs as it is written', async () => {
  const said: string[] = [];
  const console = { log: (...words: unknown[]) => said.push(words.map(String).join(' ')) };
  const updates: unknown[] = [];
  const updateSessionUI = (data: unknown): unknown => updates.push(data);
  const socket = io(server.url, { transports: ['websocket'] });
  const handleSessionStatus = (data: { sessionId: string; status: string; message: string }): void => {
    console.log(`Session ${data.sessionId} status: ${data.status}`);
    console.log(`Message: ${data.message}`);
    updateSessionUI(data);
  };
  interface Answer {
    success: boolean;
    sessionId: string;
    screenshot: string;
  }
  const createNewSession = (): void => {
    socket.emit('createSession', { prompt: 'Perform a search for recent news' }, (response: Answer) => {
      if (response.success) {
        console.log('Session created:', response.sessionId);
        socket.emit('joinSession', response.sessionId, (joinResponse: Answer) => {
          if (joinResponse.success) console.log('Joined session successfully');
        });
      }
    });
  };
  const shown: string[] = [];
  const takeSessionScreenshot = (): void => {
    socket.emit('takeScreenshot', (response: Answer) => {
      if (response.success) shown.push(response.screenshot);
    });
  };
  socket.on('connect', () => {
    console.log('Connected to WebSocket server');
    socket.on('sessionStatus', handleSessionStatus);
    createNewSession();
  });
  await expect.poll(() => said).toContain('Joined session successfully');
  await expect.poll(() => said).toContain('Session session-1 status: running');
  takeSessionScreenshot();
  await expect.poll(() => shown).toHaveLength(1);
  sessions().script(FINISH);
  await expect.poll(() => said).toContain('Message: It is done.');
  expect(updates.length).toBeGreaterThan(1);
  socket.disconnect();
});

it('frames go to those who watch, and to nobody else', async () => {
  const [watcher, other] = [await open(), await open()];
  const id = await create(watcher);
  await expect.poll(() => sessions().isQuiet()).toBe(true);
  expect(await watcher.ack('sessions:watch', { id })).toMatchObject({ success: true });
  sessions().browsers.frame(id);
  expect(await watcher.waitFor('sessions:frame')).toMatchObject({ id, width: 1, jpeg: PNG.toString('base64') });
  await watcher.ack('sessions:unwatch', { id });
  sessions().browsers.frame(id);
  await settle();
  expect([watcher.of('sessions:frame').length, other.of('sessions:frame').length]).toEqual([1, 0]);
});
