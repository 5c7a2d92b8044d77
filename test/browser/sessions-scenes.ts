/** Sessions as they are on pictures: somebody buys a cup, and what can happen on the way. */
import { sessionsCommands } from '../../src/contracts/commands/sessions.ts';
import type { SessionView } from '../../src/contracts/sessions.ts';
import type { Line, SessionsApp } from './sessions-app.ts';

const ana = { owner: 'shared', who: 'Ana', by: 'scene' };
const DEADLINE_MS = 30_000;

const until = async <T>(read: () => T | null | undefined | false, what: string): Promise<T> => {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end;) {
    const value = read();
    if (value !== null && value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`It did not come to ${what}.`);
};
const start = ({ services }: SessionsApp, prompt: string, over: object = {}): Promise<SessionView> =>
  services.sessions.start(sessionsCommands['sessions:start'].payload.parse({ prompt, ...over }), ana);
const sessionOf = ({ services }: SessionsApp, id: string): SessionView => services.sessions.get(id, ana.owner);
const answer = async ({ services }: SessionsApp, title: RegExp, reason: string | null): Promise<void> => {
  const request = await until(
    () => services.approvals.list(ana.owner, 0).find((one) => one.status === 'pending' && title.test(one.title)),
    String(title),
  );
  if (reason === null) await services.approvals.approve(request.id, 'once', '', ana);
  else await services.approvals.reject(request.id, reason, ana);
};

const read =
  (words: string): Line =>
  () => ({ call: { tool: 'read', arguments: { from: 0 } }, words });
const visit =
  (url: string): Line =>
  () => ({
    call: { tool: 'navigate', arguments: { url } },
    words: 'I open the shop first.',
    thought: 'They named the shop, so I may go there. I need the name of the cup and its price.',
  });
const click =
  (what: string, words: string): Line =>
  ({ ref }) => ({ call: { tool: 'click', arguments: { ref: ref(what) } }, words });

const begin = async (app: SessionsApp): Promise<SessionView> => {
  const { origin } = app.shop;
  const session = await start(app, `Buy a blue cup at ${origin}/ and keep the receipt. Nothing above 20 euros.`);
  app.script(visit(`${origin}/`), read('Three cups are offered. I look for the blue one.'));
  await until(() => sessionOf(app, session.id).steps === 2, 'two steps');
  return session;
};

export const watched = async (app: SessionsApp): Promise<void> => {
  const { id } = await begin(app);
  app.script(click('Add Blue cup', 'The blue cup costs 12 euros, which is within the limit.'));
  await answer(app, /Add Blue cup/, null);
  app.script(read('The cup is in the cart. I check the sum before I pay.'));
  await until(() => sessionOf(app, id).steps === 4, 'four steps');
};

export const askedToPay = async (app: SessionsApp): Promise<void> => {
  await watched(app);
  app.script(click('Pay now', 'Together it is 16.50 euros, below the limit of 20. I pay.'));
  await until(() => app.services.approvals.list(ana.owner, 0).some(({ status }) => status === 'pending'), 'a question');
};

export const questioned = async (app: SessionsApp): Promise<void> => {
  const { id } = await begin(app);
  app.script(() => ({
    call: {
      tool: 'ask',
      arguments: {
        question: 'The blue cup comes in two sizes, 0.2 l and 0.3 l, for the same price. Which one shall it be?',
      },
    },
  }));
  await until(() => sessionOf(app, id).question !== null, 'a question');
};

export const inHand = async (app: SessionsApp): Promise<void> => {
  const { id } = await begin(app);
  await app.services.sessions.takeOver(id, ana);
  await until(() => sessionOf(app, id).byHand, 'a hand');
};

export const bought = async (app: SessionsApp): Promise<void> => {
  await askedToPay(app);
  await answer(app, /Pay now/, 'Wait until I have looked at the cart, then try again.');
  app.script(click('Pay now', 'You have looked at the cart; I try again.'));
  await until(() => sessionOf(app, 'session-1').steps === 5, 'a refusal');
  await answer(app, /Pay now/, null);
  app.script(read('It is paid. The receipt is there.'), ({ ref }) => ({
    call: { tool: 'download', arguments: { ref: ref('Receipt') } },
  }));
  await answer(app, /Download/, null);
  app.script(() => ({
    call: {
      tool: 'finish',
      arguments: {
        answer: 'The blue cup is bought for 16.50 euros with delivery; the receipt is downloaded.',
        done: true,
      },
    },
  }));
  await until(() => sessionOf(app, 'session-1').status === 'end', 'its end');
};

export const severalSessions = async (app: SessionsApp): Promise<void> => {
  await bought(app);
  const stopped = await start(app, 'Compare the opening hours of three libraries in Graz');
  await app.services.sessions.cancel(stopped.id, ana);
  const { id } = await start(app, `Which bowls does ${app.shop.origin}/ have?`, { title: 'Bowls in the shop' });
  app.script(() => new Error('The model could not be loaded: 5.5 GB are needed, and 2.1 GB are free.'));
  await until(() => sessionOf(app, id).status === 'error', 'a failure');
  const asking = await start(app, `Order a green bowl at ${app.shop.origin}/`);
  app.script(visit(`${app.shop.origin}/`), read(''), click('Add Green bowl', 'I put it into the cart.'));
  await until(() => sessionOf(app, asking.id).status === 'call_user', 'a question');
  await start(app, `Find the cheapest cup at ${app.shop.origin}/ and tell me its price`);
  app.script(visit(`${app.shop.origin}/`));
  await until(() => sessionOf(app, 'session-5').steps === 1, 'a step');
};
