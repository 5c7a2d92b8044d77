/** Which Chrome or Chromium to run: one that is installed, or the one that an npm package brings along. */
import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BrowserProblem } from './browser.ts';

const PACKAGE = '@sparticuz/chromium';
const INSTALLED_NAMES = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser', 'chrome'];
const INSTALLED_PATHS = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** A browser's binary and the variables it needs to find its own libraries and fonts. */
export interface BrowserBinary {
  executablePath: string;
  env: Record<string, string>;
}

const isExecutable = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  );

/** The package's folder and version; its exports do not name its package.json, so that is looked for above its entry. */
async function readPackage(): Promise<{ url: string; version: string }> {
  const entry = createRequire(import.meta.url).resolve(PACKAGE);
  for (let folder = dirname(entry); folder !== dirname(folder); folder = dirname(folder)) {
    const text = await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}');
    const manifest = JSON.parse(text) as { name?: string; version?: string };
    if (manifest.name === PACKAGE && manifest.version !== undefined)
      return { url: import.meta.resolve(PACKAGE), version: manifest.version };
  }
  throw new Error(`There is no package.json of ${PACKAGE} above ${entry}.`);
}

/** Fonts of the machine, if it has any, and the package's own: a bare container has none and would draw boxes. */
const fontsConf = (folder: string): string => `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <dir>${folder}/fonts</dir>
  <cachedir>${folder}/fonts-cache</cachedir>
</fontconfig>
`;

/**
 * Unpacks the packaged browser once per user and version and returns its folder.
 *
 * The package unpacks straight into TMPDIR, where a second process would start a half-written binary. So a child unpacks
 * into a folder of its own, and a rename makes the finished one visible: whoever comes second finds it complete.
 */
async function unpack(): Promise<string> {
  const { url, version } = await readPackage();
  const owner = process.getuid?.() ?? 'user';
  const home = join(tmpdir(), `llamactor-chromium-${version}-${owner}`);
  if (await isExecutable(join(home, 'chromium'))) return home;
  const staging = await mkdtemp(join(tmpdir(), 'llamactor-chromium-new-'));
  const script = `const { default: chromium } = await import(${JSON.stringify(url)}); await chromium.executablePath();`;
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    // The runtime's name makes the package unpack the NSS libraries too, which minimal systems lack.
    env: { ...process.env, TMPDIR: staging, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' },
    timeout: 120_000,
  });
  await writeFile(join(staging, 'fonts', 'fonts.conf'), fontsConf(home));
  await mkdir(join(staging, 'fonts-cache'), { recursive: true });
  try {
    await rename(staging, home);
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if (!(await isExecutable(join(home, 'chromium')))) throw error;
  }
  return home;
}

/** The package is for 64-bit Linux only, and may be left out of an installation. */
const isPackaged = (): boolean => {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  try {
    createRequire(import.meta.url).resolve(PACKAGE);
    return true;
  } catch {
    return false;
  }
};

/** The packaged browser, unpacked; null where the platform has none. */
export async function packagedChromium(): Promise<BrowserBinary | null> {
  if (!isPackaged()) return null;
  const home = await unpack();
  // A predictable name in a shared folder: what runs from it must be ours.
  const { uid } = await stat(home);
  if (process.getuid !== undefined && uid !== process.getuid())
    throw new Error(`${home} belongs to another user; remove it.`);
  const libraries = [process.env['LD_LIBRARY_PATH'], join(home, 'al2023', 'lib')].filter(Boolean).join(delimiter);
  const fonts = join(home, 'fonts');
  return {
    executablePath: join(home, 'chromium'),
    env: { LD_LIBRARY_PATH: libraries, FONTCONFIG_PATH: fonts, FONTCONFIG_FILE: join(fonts, 'fonts.conf') },
  };
}

/** A Chrome or Chromium of this machine; null when there is none. */
export async function installedChromium(): Promise<BrowserBinary | null> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  const candidates = folders.flatMap((folder) => INSTALLED_NAMES.map((name) => join(folder, name)));
  for (const path of [...candidates, ...INSTALLED_PATHS])
    if (await isExecutable(path)) return { executablePath: path, env: {} };
  return null;
}

const WHAT_TO_DO = 'install Chrome or Chromium, or name its executable in sessions.browser';

/** The configured one, CHROME_PATH, an installed one, the packaged one. Rejects with NO_BROWSER and what to do. */
export async function findChromium(configured: string, environment: NodeJS.ProcessEnv): Promise<BrowserBinary> {
  const chosen = configured || environment['CHROME_PATH'];
  if (chosen) {
    if (!(await isExecutable(chosen)))
      throw new BrowserProblem('NO_BROWSER', `${chosen} is no program that can be run; ${WHAT_TO_DO}.`);
    return { executablePath: chosen, env: {} };
  }
  const installed = await installedChromium();
  if (installed !== null) return installed;
  const packaged = await packagedChromium().catch((error: unknown) => {
    throw new BrowserProblem(
      'NO_BROWSER',
      `The packaged Chromium cannot be unpacked: ${String(error)}; ${WHAT_TO_DO}.`,
    );
  });
  if (packaged !== null) return packaged;
  throw new BrowserProblem('NO_BROWSER', `There is no browser on this machine; ${WHAT_TO_DO}.`);
}
