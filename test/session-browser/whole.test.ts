/** The whole product: a model behind an OpenAI-compatible address, a real Chromium, a person at a socket of the contract's dialect. */
import { expect, it, onTestFinished } from 'vitest';
import type { SessionEntryView } from '../../src/contracts/sessions.ts';
import { findChromium } from '../support/chromium.ts';
import { startFakeApp } from '../support/fake-app.ts';
import { connectClient } from '../support/socket-client.ts';
import { startModel } from './scripted-model.ts';
import { buyer, startShop } from './shop.ts';

interface Request {
  id: string;
  title: string;
  picture: string | null;
}

it('buys a cup with consent: refused once with a reason that the model reads, approved the second time', async () => {
  const shop = await startShop();
  const next = buyer(shop.site.origin);
  const model = await startModel(next);
  const { executablePath, env } = await findChromium();
  const { app, stop } = await startFakeApp({}, { env: { ...process.env, ...env } });
  onTestFinished(stop);
  const client = await connectClient(app.url.replace('localhost', '127.0.0.1'));
  onTestFinished(() => client.close());
  await client.request('config:update', {
    config: {
      'sessions.endpoint': model.endpoint,
      'sessions.browser': executablePath,
      'sessions.allowPrivate': [`127.0.0.1:${shop.site.port}`],
    },
  });
  const call = (event: string, payload: unknown) =>
    client.ack(event, payload) as unknown as Promise<Record<string, unknown>>;

  const { sessionId } = await call('createSession', { prompt: `Buy a blue cup at ${shop.site.origin}/ as ada.` });
  let answered = 0;
  const answer = async (title: RegExp, reason: string | null): Promise<Request> => {
    const asked = (): Request[] => client.of('humanLayerRequest') as unknown as Request[];
    await expect.poll(() => asked().length, { timeout: 60_000 }).toBe(answered + 1);
    const request = asked()[answered] as Request;
    answered += 1;
    expect(request.title).toMatch(title);
    const event = reason === null ? 'approveHumanLayerRequest' : 'rejectHumanLayerRequest';
    expect(await call(event, reason === null ? request.id : { requestId: request.id, reason })).toMatchObject({
      success: true,
    });
    return request;
  };
  await answer(/secret into “Password”/, null);
  await answer(/Click “Log in”/, null);
  await answer(/Click “Add to cart”/, null);
  const paying = await answer(/Click “Pay now”/, 'Let me see the cart first, then try again.');
  await answer(/Click “Pay now”/, null);
  await answer(/Download “Receipt”/, null);
  const end = await client.waitFor('sessionStatus', ({ status }) => status === 'end' || status === 'error');
  expect(end).toMatchObject({
    status: 'end',
    sessionId,
    data: { answer: expect.stringContaining('receipt') as string },
  });

  expect(shop.orders).toEqual(['ada: Blue cup']);
  const withReason = model.requests.map((text) => text.includes('Let me see the cart first'));
  // It was read at the very next request, and not before.
  expect(withReason.indexOf(true)).toBe(9);
  expect(model.requests.slice(4).some((text) => text.includes('analytical-engine'))).toBe(false);

  const { data } = (await client.ack('sessions:transcript', { id: sessionId })) as {
    data: { entries: SessionEntryView[] };
  };
  const steps = data.entries.flatMap((entry) => (entry.kind === 'step' ? [`${entry.tool} ${entry.state}`] : []));
  expect(steps).toEqual([
    ...['navigate done', 'read done', 'type done', 'type done', 'click done', 'read done', 'click done', 'read done'],
    ...['click refused', 'click done', 'read done', 'download done'],
  ]);
  const receipt = await fetch(`${app.url}/sessions/${String(sessionId)}/downloads/receipt.txt`);
  expect(await receipt.text()).toContain('ada: Blue cup');
  expect(receipt.headers.get('content-disposition')).toMatch(/^attachment/);
  expect(receipt.headers.get('x-content-type-options')).toBe('nosniff');
  const picture = await fetch(`${app.url}${paying.picture ?? ''}`);
  expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
  for (const path of [
    'pictures/..%2F..%2F..%2Fconfig.json',
    'downloads/..%2Ftranscript.jsonl',
    'downloads/%00',
    'pictures/%E0%A4%A',
  ])
    expect((await fetch(`${app.url}/sessions/${String(sessionId)}/${path}`)).status).toBe(404);
  const { entries } = (await client.request('audit:list')).data as { entries: { act: string; why: string | null }[] };
  expect(entries.filter(({ act }) => act === 'rejected')).toMatchObject([
    { why: 'Let me see the cart first, then try again.' },
  ]);
}, 180_000);
