/** A shop with a login, a cart, a till and a receipt, and the steps of somebody who buys a cup in it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ToolCall } from '../../src/contracts/session-tools.ts';
import { html, refOf, startSite } from './harness.ts';
import type { Site } from './harness.ts';

export interface Shop {
  site: Site;
  /** What was bought, by whom. */
  orders: string[];
  logins: { user: string; password: string }[];
}

const STYLE = `<style>body{font:16px sans-serif;margin:40px;max-width:640px}form{margin:12px 0}button{padding:8px 16px}
label{display:block;margin:8px 0}article{border:1px solid #bbb;border-radius:8px;padding:12px;margin:8px 0}</style>`;
const pageOf = (title: string, body: string): string =>
  html(`<h1>${title}</h1>${body}`, `<title>${title}</title>${STYLE}`);

const bodyOf = async (request: IncomingMessage): Promise<URLSearchParams> => {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return new URLSearchParams(text);
};

export const startShop = async (): Promise<Shop> => {
  const orders: string[] = [];
  const logins: Shop['logins'] = [];
  const cart: string[] = [];
  const show = (response: ServerResponse, text: string): void => {
    response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(text);
  };
  const see = (response: ServerResponse, to: string, cookie?: string): void => {
    response.writeHead(303, { location: to, ...(cookie === undefined ? {} : { 'set-cookie': cookie }) }).end();
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url ?? '/', 'http://shop').pathname;
    const user = /user=(\w+)/.exec(request.headers.cookie ?? '')?.[1];
    if (path === '/login') {
      const form = await bodyOf(request);
      logins.push({ user: form.get('user') ?? '', password: form.get('password') ?? '' });
      return see(response, '/', `user=${form.get('user')}; Path=/`);
    }
    if (user === undefined)
      return show(
        response,
        pageOf(
          'Log in to the cup shop',
          '<form method="post" action="/login"><label>User name <input name="user"></label><label>Password <input name="password" type="password"></label><button>Log in</button></form>',
        ),
      );
    if (path === '/add') {
      cart.push('Blue cup');
      return see(response, '/cart');
    }
    if (path === '/pay') {
      orders.push(`${user}: ${cart.splice(0).join(', ')}`);
      return see(response, '/thanks');
    }
    if (path === '/receipt.txt') {
      response.writeHead(200, {
        'content-type': 'text/plain; charset=utf-8',
        'content-disposition': 'attachment; filename="receipt.txt"',
      });
      return void response.end(`Receipt for ${orders.join()}\n`);
    }
    if (path === '/cart')
      return show(
        response,
        pageOf(
          'Your cart',
          `<p>${cart.join(', ')}: 12.00</p><form method="post" action="/pay"><button>Pay now</button></form>`,
        ),
      );
    if (path === '/thanks')
      return show(
        response,
        pageOf('Thank you', '<p>Your order is on its way.</p><a href="/receipt.txt" download>Receipt</a>'),
      );
    show(
      response,
      pageOf(
        'Cups',
        '<article>Blue cup, 12.00<form method="post" action="/add"><button>Add to cart</button></form></article>',
      ),
    );
  };
  const site = await startSite((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return { site, orders, logins };
};

/** What a model that buys does next, by what it was told last and how many steps there were. */
export const buyer = (origin: string): ((told: string, refused: string | null, n: number) => ToolCall) => {
  const read: ToolCall = { tool: 'read', arguments: { from: 0 } };
  const on = (words: string) => (told: string) => refOf(told, words);
  let page = '';
  const steps: ((told: string) => ToolCall)[] = [
    () => ({ tool: 'navigate', arguments: { url: `${origin}/` } }),
    () => read,
    (told) => {
      page = told;
      return { tool: 'type', arguments: { ref: on('User name')(page), text: 'ada', submit: false } };
    },
    () => ({ tool: 'type', arguments: { ref: on('Password')(page), text: 'analytical-engine', submit: false } }),
    () => ({ tool: 'click', arguments: { ref: on('button "Log in"')(page) } }),
    () => read,
    (told) => ({ tool: 'click', arguments: { ref: on('Add to cart')(told) } }),
    () => read,
    (told) => {
      page = told;
      return { tool: 'click', arguments: { ref: on('Pay now')(page) } };
    },
    // Refused once; the reason asks it to try again.
    () => ({ tool: 'click', arguments: { ref: on('Pay now')(page) } }),
    () => read,
    (told) => ({ tool: 'download', arguments: { ref: on('Receipt')(told) } }),
    () => ({ tool: 'finish', arguments: { answer: 'The blue cup is bought; the receipt is downloaded.', done: true } }),
  ];
  return (told, _refused, n) => {
    const step = steps[n];
    if (step === undefined) throw new Error(`There is no step ${n}.`);
    return step(told);
  };
};
