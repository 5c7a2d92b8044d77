import fs from 'node:fs';
import { DEFAULT_SERVER_ID } from '../../../src/contracts/channels.ts';
import { openChannels } from '../../../src/runtime/channels/open.ts';
import { noTools } from '../../support/no-tools.ts';

/**
 * Several people talk in two channels as fast as they can. Each message is a number, also by its sender's own id; its number is
 * printed once it is acknowledged. Begins with the first number that was not acknowledged in an earlier run.
 */
const [dataDir = '', first = '0'] = process.argv.slice(2);
const channels = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222'];
const { channels: service } = await openChannels({
  dataDir,
  limits: () => ({ channels: 10, messages: 100_000 }),
  answering: { models: () => [], find: () => undefined, nearest: () => [], routerUrl: () => null, key: '' },
  tools: noTools,
  publish: () => undefined,
  log: (level, source, message) => fs.writeSync(2, `${level} ${source} ${message}\n`),
  now: Date.now,
});
fs.writeSync(1, 'open\n');
for (let next = Number(first); ;) {
  const together = Array.from({ length: 1 + Math.floor(Math.random() * 8) }, async (_, n) => {
    const number = next + n;
    await service.send(
      {
        channelId: channels[number % 2] ?? '',
        serverId: DEFAULT_SERVER_ID,
        text: `message ${number} ${'x'.repeat(number % 500)}`,
        entityId: 'ana',
        messageId: String(number),
      },
      `m:${process.pid}`,
    );
    // Synchronous: an acknowledgement that was given must be seen even if the next instruction never runs.
    fs.writeSync(1, `${number}\n`);
  });
  await Promise.all(together);
  next += together.length;
}
