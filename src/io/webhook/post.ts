/** One signed delivery to a webhook, as the Standard Webhooks specification (standardwebhooks.com) describes it. */
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { openSecret } from '../store/secret-file.ts';

const SECRET_BYTES = 32;

/** The secret of a data folder, "whsec_" and base64; made if there is none. Whoever calls it holds the folder's lock. */
export const openWebhookSecret = (dataDir: string): Promise<string> =>
  openSecret(dataDir, {
    name: 'webhook-secret',
    leastLength: 32,
    ends: 'what the receiver of the webhook checks by',
    make: () => `whsec_${randomBytes(SECRET_BYTES).toString('base64')}`,
  });

/** What became of one attempt; `retry` says whether another may help. */
export type Attempt = { ok: true } | { ok: false; retry: boolean; reason: string };

export interface Delivery {
  /** The same for every attempt, so that the receiver can tell a repetition. */
  id: string;
  body: string;
}

const reasonOf = (error: unknown, timeoutMs: number): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`;
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
};

/** Posts once, within `timeoutMs`. Never rejects. Redirects are not followed: the body is for the configured address alone. */
export const postWebhook = async (
  url: string,
  secret: string,
  { id, body }: Delivery,
  { timeoutMs, signal, now }: { timeoutMs: number; signal: AbortSignal; now: number },
): Promise<Attempt> => {
  const at = new Date(now);
  try {
    const response = await fetch(url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Llamactor',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now / 1000)),
        'webhook-signature': new Webhook(secret).sign(id, at, body),
      },
      body,
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
    // Nothing of the answer is needed; its connection is.
    await response.body?.cancel();
    if (response.ok) return { ok: true };
    const retry = response.status >= 500 || response.status === 408 || response.status === 429;
    return { ok: false, retry, reason: `it answered ${response.status}` };
  } catch (error) {
    return { ok: false, retry: true, reason: reasonOf(error, timeoutMs) };
  }
};
