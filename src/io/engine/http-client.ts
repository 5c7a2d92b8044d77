/** HTTP for the installer: honours proxy variables, gives up on hosts that do not connect. */
import { EnvHttpProxyAgent, fetch } from 'undici';
import type { Response } from 'undici';

export interface HttpClient {
  /** Rejects with an Error that names the host and the reason, and with the signal's reason when it aborts. */
  get(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response>;
  close(): Promise<void>;
}

/** Tells a reachable host from an unreachable one quickly, because another source may be waiting for its turn. */
const CONNECT_MS = 5_000;
const HEADERS_MS = 30_000;
/** Longest silence in the middle of a body. */
const BODY_MS = 60_000;

export const httpClient = (): HttpClient => {
  const dispatcher = new EnvHttpProxyAgent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: HEADERS_MS,
    bodyTimeout: BODY_MS,
  });
  return {
    get: async (url, headers, signal) => {
      try {
        return await fetch(url, { headers: { 'user-agent': 'llamactor', ...headers }, dispatcher, signal });
      } catch (error) {
        signal.throwIfAborted();
        throw new Error(`${new URL(url).host} cannot be reached (${reasonOf(error)})`, { cause: error });
      }
    },
    close: () => dispatcher.destroy(),
  };
};

/** fetch hides the reason in a chain of causes, the innermost of which has the code. */
export const reasonOf = (error: unknown): string => {
  let reason = 'unknown reason';
  for (let each = error; each instanceof Error; each = each.cause) {
    const { code } = each as NodeJS.ErrnoException;
    reason = code ?? (each.message || reason);
    if (each instanceof AggregateError && each.errors.length > 0) each.cause ??= each.errors[0];
  }
  return reason;
};
