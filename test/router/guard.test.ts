import { describe, expect, test } from 'vitest';
import { judge } from '../../src/router/guard.ts';

const settings = {
  host: '127.0.0.1',
  allowedHosts: ['box.lan', 'other.lan:8080'],
  allowedOrigins: ['https://app.example'],
};
const asking = { host: 'localhost:8080', origin: undefined, site: undefined, localAddress: '127.0.0.1' };

describe('hosts', () => {
  test.each([
    'localhost',
    'LOCALHOST:1',
    'localhost.',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]',
    '[::1]:8080',
    'box.lan',
    'box.lan:99',
    'Other.LAN:8080',
  ])('%s is answered', (host) => {
    expect(judge({ ...asking, host }, settings)).toEqual({ refusal: null, origin: null });
  });

  test.each([
    'evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.evil.example:80',
    '192.168.1.5',
    '',
    'localhost:80:80',
  ])('%j is refused', (host) => {
    expect(judge({ ...asking, host }, settings).refusal).toContain('allowedHosts');
  });

  test('a request without a host is refused', () => {
    expect(judge({ ...asking, host: undefined }, settings).refusal).toContain('no host');
  });

  test('the address listened on, and on all addresses the one that was connected to', () => {
    const lan = { ...asking, host: '192.168.1.5:8080', localAddress: '::ffff:192.168.1.5' };
    expect(judge(lan, { ...settings, host: '0.0.0.0' }).refusal).toBeNull();
    expect(judge({ ...lan, localAddress: '10.0.0.1' }, { ...settings, host: '192.168.1.5' }).refusal).toBeNull();
    expect(judge({ ...lan, localAddress: '10.0.0.1' }, { ...settings, host: '0.0.0.0' }).refusal).not.toBeNull();
  });
});

describe('origins', () => {
  test.each([
    'http://localhost:3000',
    'http://127.0.0.1:5173',
    'http://[::1]:3000',
    'https://app.example',
    'HTTPS://App.Example',
    'http://localhost:8080',
  ])('%s may read', (origin) => {
    expect(judge({ ...asking, origin }, settings)).toEqual({ refusal: null, origin });
  });

  test.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'https://app.example.evil',
    'file://localhost',
    'chrome-extension://localhost',
    '',
  ])('%j may not', (origin) => {
    expect(judge({ ...asking, origin }, settings).refusal).toContain('allowedOrigins');
  });

  test('a page of this machine may not use a server of the network, except the page that is on it', () => {
    const lan = { ...asking, host: 'box.lan:8080' };
    expect(judge({ ...lan, origin: 'http://localhost:3000' }, settings).refusal).not.toBeNull();
    expect(judge({ ...lan, origin: 'http://box.lan:8080' }, settings).refusal).toBeNull();
    expect(judge({ ...lan, origin: 'http://box.lan:3000' }, settings).refusal).not.toBeNull();
  });

  test('requests of other sites that carry no origin (images, links) are refused', () => {
    expect(judge({ ...asking, site: 'cross-site' }, settings).refusal).toContain('allowedOrigins');
    expect(judge({ ...asking, site: 'same-site' }, settings).refusal).toBeNull();
    expect(judge({ ...asking, site: 'none' }, settings).refusal).toBeNull();
  });
});
