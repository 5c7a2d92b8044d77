import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundle } from '../../scripts/lib/typescript.mjs';
import { launchChromium } from '../support/chromium.ts';

const PAGE = `<!doctype html><html lang="en"><title>Hello</title><body style="font: 40px sans-serif">
<p id="word">before</p><script>document.getElementById('word').textContent = 'after ' + [1, 2].map((n) => n * 2)</script>`;

describe('the Chromium that browser tests use', () => {
  let server: Server;
  let url: string;
  let browser: Browser;

  beforeAll(async () => {
    server = createServer((_request, response) => response.setHeader('content-type', 'text/html').end(PAGE));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launchChromium();
  });

  afterAll(async () => {
    await browser.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('opens a page from this machine, runs its script and draws it', async () => {
    const page = await browser.newPage({ viewport: { width: 400, height: 200 } });
    await page.goto(url);
    expect(await page.title()).toBe('Hello');
    expect(await page.textContent('#word')).toBe('after 2,4');
    const drawn = await page.screenshot();
    expect(drawn.subarray(1, 4).toString()).toBe('PNG');
    const blank = await browser.newPage({ viewport: { width: 400, height: 200 } });
    expect(drawn.byteLength).toBeGreaterThan((await blank.screenshot()).byteLength);
    await Promise.all([page.close(), blank.close()]);
  });

  it('keeps two pages of two contexts apart', async () => {
    const [one, two] = await Promise.all([browser.newContext(), browser.newContext()]);
    const [first, second] = await Promise.all([one.newPage(), two.newPage()]);
    await first.goto(url);
    await second.goto(url);
    await first.evaluate("localStorage.setItem('owner', 'first')");
    expect(await second.evaluate("localStorage.getItem('owner')")).toBeNull();
    await Promise.all([one.close(), two.close()]);
  });

  it('starts for newcomers with an empty home and a bare environment, also when two unpack it at once', async () => {
    const home = await mkdtemp(join(tmpdir(), 'newcomer-'));
    try {
      const script = await bundle('test/checks/fixtures/open-page.ts');
      const env = { HOME: home, TMPDIR: home, PATH: '/usr/local/bin:/usr/bin:/bin' };
      const open = () => promisify(execFile)(process.execPath, [script], { env, cwd: process.cwd(), timeout: 60_000 });
      for (const { stdout } of await Promise.all([open(), open()])) {
        expect(JSON.parse(stdout)).toMatchObject({ title: 'Hello', magic: 'PNG' });
      }
    } finally {
      await rm(home, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
