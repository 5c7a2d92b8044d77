import { describe, expect, it } from 'vitest';
import { hostAllowed, originAllowed } from '../../src/contracts/origins.ts';

describe('which hosts are ours', () => {
  it.each([
    undefined,
    '',
    'localhost',
    'LOCALHOST:3000',
    'app.localhost:1',
    '127.0.0.1:3000',
    '10.0.0.7',
    '[::1]',
    '[fe80::1]:3000',
    'localhost.',
  ])('accepts %j', (host) => expect(hostAllowed(host, [])).toBe(true));

  it.each([
    'evil.example',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1.',
    '1.2.3',
    '1.2.3.999',
    'a b',
    'user@localhost',
    'localhost:x',
    'localhost/../x',
    '2130706433',
  ])('refuses %j', (host) => expect(hostAllowed(host, [])).toBe(host === '127.0.0.1.'));

  it('accepts listed names, with any port unless the entry has one', () => {
    expect(hostAllowed('box.lan:8080', ['box.lan'])).toBe(true);
    expect(hostAllowed('Box.LAN', ['box.lan'])).toBe(true);
    expect(hostAllowed('box.lan:8080', ['box.lan:3000'])).toBe(false);
    expect(hostAllowed('box.lan:3000', ['box.lan:3000'])).toBe(true);
    expect(hostAllowed('other.lan', ['box.lan', 'not a host'])).toBe(false);
  });
});

describe('which origins may ask', () => {
  it('accepts none, the same host and port, and listed ones', () => {
    expect(originAllowed(undefined, 'localhost:3000', [])).toBe(true);
    expect(originAllowed('http://localhost:3000', 'localhost:3000', [])).toBe(true);
    expect(originAllowed('https://box.lan', 'BOX.lan', [])).toBe(true);
    expect(originAllowed('https://a.example', 'localhost:3000', ['https://A.example/'])).toBe(true);
    expect(originAllowed('null', 'localhost', ['null'])).toBe(true);
  });

  it.each([
    'http://localhost:5173',
    'http://127.0.0.1:3000',
    'http://localhost:3000.evil.example',
    'http://evil.example/localhost:3000',
    'file://localhost:3000',
    'null',
    'localhost:3000',
  ])('refuses %s', (origin) => expect(originAllowed(origin, 'localhost:3000', [])).toBe(false));

  it('refuses any origin when there is no host to compare with', () => {
    expect(originAllowed('http://localhost', undefined, [])).toBe(false);
  });
});
