/** Notifications of the running server: what is said, to whom, where it is kept and where else it goes. */
import path from 'node:path';
import type { Services } from '../../commands/services.ts';
import type { NotificationView } from '../../contracts/notifications.ts';
import type { Config } from '../../contracts/config.ts';
import type { LogLevel } from '../../contracts/views.ts';
import { openDocument } from '../../io/store/document.ts';
import { openWebhookSecret } from '../../io/webhook/post.ts';
import type { ChangeHub } from '../changes.ts';
import { createNotificationBook, NotificationsDocument, recordOf, viewOf } from './book.ts';
import type { Told, Wanted } from './book.ts';
import { createFacts } from './facts.ts';
import { createWebhookSender } from './webhook.ts';
import type { WebhookPolicy } from './webhook.ts';

export type NotificationService = Services['notifications'] & {
  /**
   * Tells an owner, or everybody with `owner` null, of a fact, such as an approval that waits. Returns at once.
   * The same `key` for the same audience within ten minutes counts the earlier one up and disturbs nobody.
   */
  notify(wanted: Wanted): void;
  /** Resolves when everything said so far is on disk. */
  close(): Promise<void>;
};

export const openNotifications = async (options: {
  dataDir: string;
  hub: ChangeHub;
  config(): Config;
  webhookPolicy?: WebhookPolicy | undefined;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
}): Promise<NotificationService> => {
  const { dataDir, hub, config, log, now } = options;
  const store = await openDocument<NotificationsDocument>({
    path: path.join(dataDir, 'notifications.json'),
    schema: NotificationsDocument,
    version: 1,
    defaults: () => ({ notifications: [] }),
    onDamaged: ({ message }) => log('error', 'server', message),
    pretty: false,
    now,
  });
  const book = createNotificationBook({ store, now });
  const webhook = createWebhookSender({
    url: () => config().webhookUrl,
    secret: await openWebhookSecret(dataDir),
    policy: options.webhookPolicy,
    log,
    now,
  });
  const facts = createFacts(() => ({ disk: config().notifyDiskUsed, memory: config().notifyMemoryUsed }));

  const tell = ({ record, fresh }: Told): NotificationView => {
    const notification = viewOf(record, null);
    hub.publish({ kind: 'notification', notification, owner: record.owner, fresh });
    if (fresh) webhook.deliver(notification);
    return notification;
  };
  const notify = (wanted: Wanted): void => {
    book.add(wanted).then(tell, (error: unknown) => {
      log(
        'error',
        'server',
        `A notification could not be kept: ${error instanceof Error ? error.message : String(error)}`,
      );
      // A full disk is one of the things that people have to be told of.
      tell({ record: recordOf(wanted, now()), fresh: true });
    });
  };
  const unsubscribe = hub.subscribe((changes) => {
    for (const change of changes) for (const wanted of facts.of(change)) notify(wanted);
  });

  return {
    notify,
    send: async ({ userId, ...wanted }) =>
      tell(await book.add({ ...wanted, owner: userId === null ? null : `user:${userId}` })),
    list: book.list,
    async read(reader, ids) {
      const result = await book.read(reader, ids);
      if (result.read.length > 0) hub.publish({ kind: 'notifications.read', reader, ...result });
      return result;
    },
    webhook: webhook.view,
    async close() {
      unsubscribe();
      await webhook.close();
      await store.close();
    },
  };
};
