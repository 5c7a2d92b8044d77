/** HTTP for downloads: honours proxy variables, follows redirects by hand so that each host is sent only what it may see. */
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Response } from 'undici';
import { DownloadProblem, networkProblem } from './problem.ts';
import { isLoopback } from './source.ts';

export interface DownloadHttp {
  /**
   * GET, following at most 5 redirects; the final answer, whatever its status. The hub's token goes to the hub's own origin
   * alone. `headersFor` gives further headers for each address on the way.
   * Rejects with NETWORK, with BAD_SOURCE for a redirect that leads off https, and with the signal's reason.
   */
  get(url: string, headersFor: (url: URL) => Record<string, string>, signal: AbortSignal): Promise<Answer>;
  hasToken: boolean;
  endpoint: URL;
  close(): Promise<void>;
}

export interface Answer {
  status: number;
  headers: Headers;
  /** The last address, after redirects. */
  url: string;
  body: Response['body'];
  /** Headers of the redirects on the way, in order. */
  hops: Headers[];
}

export interface DownloadHttpOptions {
  env: NodeJS.ProcessEnv;
  /** Longest silence in the middle of a body, ms. */
  silenceMs?: number;
}

const DEFAULT_ENDPOINT = 'https://huggingface.co';
const MOST_REDIRECTS = 5;
const CONNECT_MS = 15_000;
const HEADERS_MS = 30_000;
const SILENCE_MS = 60_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** HF_ENDPOINT, as the hub's own tools read it. */
const endpointOf = (env: NodeJS.ProcessEnv): URL => {
  const given = env['HF_ENDPOINT'] ?? '';
  return new URL(URL.canParse(given) && /^https?:/.test(given) ? given : DEFAULT_ENDPOINT);
};

export const downloadHttp = ({ env, silenceMs = SILENCE_MS }: DownloadHttpOptions): DownloadHttp => {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: HEADERS_MS,
    bodyTimeout: silenceMs,
  });
  const endpoint = endpointOf(env);
  const token = env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN'] || '';

  /** Plain http is for this machine, and for a mirror that the owner of the server named. */
  const mayAsk = (url: URL, first: URL): boolean =>
    url.protocol === 'https:' ||
    (url.protocol === 'http:' && (url.origin === endpoint.origin || (isLoopback(url) && isLoopback(first))));

  return {
    endpoint,
    hasToken: token !== '',
    async get(address, headersFor, signal) {
      const first = new URL(address);
      const hops: Headers[] = [];
      let url = first;
      for (;;) {
        if (!mayAsk(url, first))
          throw new DownloadProblem(
            'BAD_SOURCE',
            `${first.host} leads to ${url.origin}, which is not asked; use an https address.`,
          );
        const response = await ask(url, headersFor(url), signal);
        const location = response.headers.get('location');
        if (!REDIRECTS.has(response.status) || location === null) {
          return {
            status: response.status,
            headers: new Headers([...response.headers]),
            url: url.href,
            body: response.body,
            hops,
          };
        }
        await response.body?.cancel();
        hops.push(new Headers([...response.headers]));
        if (hops.length > MOST_REDIRECTS || !URL.canParse(location, url.href))
          throw new DownloadProblem('BAD_SOURCE', `${first.host} redirects without end; use another address.`);
        url = new URL(location, url);
      }
    },
    close: () => dispatcher.destroy(),
  };

  async function ask(url: URL, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    try {
      return await fetch(url, {
        dispatcher,
        signal,
        redirect: 'manual',
        headers: {
          'user-agent': 'llamactor',
          ...headers,
          ...(token !== '' && url.origin === endpoint.origin ? { authorization: `Bearer ${token}` } : {}),
        },
      });
    } catch (error) {
      signal.throwIfAborted();
      throw networkProblem(url.host, error);
    }
  }
};
