/** Deliveries to the configured webhook: each is tried again after growing pauses until its deadline. */
import { setTimeout as pause } from 'node:timers/promises';
import type { NotificationView, WebhookView } from '../../contracts/notifications.ts';
import type { LogLevel } from '../../contracts/views.ts';
import { postWebhook } from '../../io/webhook/post.ts';

export interface WebhookPolicy {
  attemptMs: number;
  /** Pauses before the second, third … attempt, ms; after the last one a delivery has failed. */
  pausesMs: readonly number[];
}

const DEFAULT_POLICY: WebhookPolicy = { attemptMs: 10_000, pausesMs: [1000, 5000, 30_000, 120_000, 600_000] };
/** A receiver that is away for long must not fill the memory; the newest are dropped, because they are all on disk. */
const MOST_WAITING = 200;

export interface WebhookSender {
  /** Begins a delivery, if an address is configured. */
  deliver(notification: NotificationView): void;
  view(): WebhookView;
  /** Gives up what waits. */
  close(): Promise<void>;
}

export const createWebhookSender = (options: {
  url(): string;
  secret: string;
  policy?: WebhookPolicy | undefined;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): WebhookSender => {
  const { secret, policy = DEFAULT_POLICY, log, now } = options;
  const ended = new AbortController();
  // Asked through a function because it changes while the caller of it awaits.
  const isEnded = (): boolean => ended.signal.aborted;
  const waiting = new Set<Promise<void>>();
  let delivered = 0;
  let failed = 0;
  let lastError: string | null = null;

  const fail = (reason: string): void => {
    failed += 1;
    lastError = reason;
    log('warn', 'server', `A notification could not be delivered to the webhook: ${reason}.`);
  };

  const attempts = async (id: string, body: string): Promise<void> => {
    for (let attempt = 0; ; attempt += 1) {
      // Asked for each time: a corrected address helps what waits, and none ends it.
      const url = options.url();
      if (url === '') return;
      const limits = { timeoutMs: policy.attemptMs, signal: ended.signal, now: now() };
      const outcome = await postWebhook(url, secret, { id, body }, limits);
      if (isEnded()) return;
      if (outcome.ok) {
        delivered += 1;
        return;
      }
      const wait = outcome.retry ? policy.pausesMs[attempt] : undefined;
      if (wait === undefined) return fail(`${outcome.reason} (attempt ${attempt + 1})`);
      await pause(wait, undefined, { signal: ended.signal, ref: false }).catch(() => undefined);
      if (isEnded()) return;
    }
  };

  return {
    deliver(notification) {
      if (options.url() === '') return;
      if (waiting.size >= MOST_WAITING) return fail(`${MOST_WAITING} others wait for it already`);
      const { read: _read, ...said } = notification;
      const body = JSON.stringify({ type: 'notification', timestamp: said.timestamp, data: said });
      const work = attempts(said.id, body).finally(() => waiting.delete(work));
      waiting.add(work);
    },
    view: () => ({ url: options.url() || null, secret, delivered, failed, waiting: waiting.size, lastError }),
    async close() {
      if (waiting.size > 0) log('warn', 'server', `${waiting.size} notifications were not delivered to the webhook.`);
      ended.abort();
      await Promise.all(waiting);
    },
  };
};
