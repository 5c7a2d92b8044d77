import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { installedChromium, packagedChromium } from '../../src/io/browser/find-chromium.ts';
import type { BrowserBinary } from '../../src/io/browser/find-chromium.ts';

/** The browser to use: CHROME_PATH, else the packaged one, which is the same everywhere, else an installed Chrome or Chromium. */
export async function findChromium(): Promise<BrowserBinary> {
  const chosen = process.env['CHROME_PATH'];
  if (chosen !== undefined && chosen !== '') return { executablePath: chosen, env: {} };
  const found = (await packagedChromium()) ?? (await installedChromium());
  if (found === null) throw new Error('No Chrome or Chromium was found; install one or set CHROME_PATH to its binary.');
  return found;
}

/** Starts a headless browser that talks to nobody but the pages it is given. Close it with `browser.close()`. */
export async function launchChromium(): Promise<Browser> {
  const { executablePath, env } = await findChromium();
  const inherited = Object.fromEntries(
    Object.entries(process.env).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return chromium.launch({
    executablePath,
    headless: true,
    // Root cannot use the sandbox, and the packaged binary has no setuid helper; it only ever opens our own pages.
    chromiumSandbox: false,
    timeout: 60_000,
    // In a container's POSIX locale the browser would call its language "en-US@posix", which Intl refuses.
    env: { ...inherited, ...env, LC_ALL: 'en_US.UTF-8', LANGUAGE: 'en_US' },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--disable-dev-shm-usage',
      '--font-render-hinting=none',
    ],
  });
}
