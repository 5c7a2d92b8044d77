/** Downloads: which are kept, under which names, and which never are. */
import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isProgramName, safeName } from '../../src/io/browser/download-names.ts';
import { html, never, openTestBrowser, refOf, startSite } from './harness.ts';
import type { Opened } from './harness.ts';

interface Offer {
  body: Buffer | string;
  type?: string;
  disposition?: string;
}

/** A page with a link to each file, called by its number. */
const openWith = async (offers: Offer[], page?: string, mostBytes = 2 ** 20): Promise<Opened & { refs: string[] }> => {
  const site = await startSite((request, response) => {
    const at = Number(/^\/file(\d+)/.exec(request.url ?? '')?.[1] ?? -1);
    const offer = offers[at];
    if (offer === undefined) {
      const links = offers.map((_, number) => `<p><a href="/file${number}">file ${number}</a></p>`).join('');
      response.writeHead(200, { 'content-type': 'text/html' }).end(html(page ?? links));
      return;
    }
    response.writeHead(200, {
      'content-type': offer.type ?? 'application/octet-stream',
      'content-disposition': offer.disposition ?? 'attachment',
    });
    response.end(offer.body);
  });
  const opened = await openTestBrowser({ sites: [site], mostBytes: () => mostBytes });
  await opened.browser.navigate(site.origin, never);
  const { text } = await opened.browser.read(0, 20_000, never);
  return {
    ...opened,
    refs: page === undefined ? offers.map((_, at) => refOf(text, `link "file ${at}"`)) : [refOf(text, 'get')],
  };
};

const filesOf = ({ downloads }: Opened): Promise<string[]> => readdir(downloads).catch(() => []);

it('keeps what was asked for, by its content, and tells of it', async () => {
  const opened = await openWith([
    { body: 'name,price\ncup,4.50\n', disposition: 'attachment; filename="receipt.csv"' },
  ]);
  const done = await opened.browser.download(opened.refs[0] ?? '', never);
  expect(done.text).toContain('Downloaded receipt.csv');
  expect(await readFile(path.join(opened.downloads, 'receipt.csv'), 'utf8')).toBe('name,price\ncup,4.50\n');
  expect(opened.events).toContainEqual({
    type: 'download',
    file: expect.objectContaining({ name: 'receipt.csv', contentType: 'text/plain', size: 20 }),
  });
  expect((await stat(path.join(opened.downloads, 'receipt.csv'))).mode & 0o777).toBe(0o600);
  await opened.browser.download(opened.refs[0] ?? '', never);
  expect((await filesOf(opened)).sort()).toEqual(['receipt (2).csv', 'receipt.csv']);
});

it('saves what a link would only show', async () => {
  const opened = await openWith([
    { body: 'plain words', type: 'text/plain', disposition: 'inline; filename="words.txt"' },
  ]);
  await opened.browser.download(opened.refs[0] ?? '', never);
  expect(await filesOf(opened)).toEqual(['words.txt']);
});

it('keeps nothing that nobody asked for', async () => {
  const opened = await openWith([{ body: 'data', disposition: 'attachment; filename="a.txt"' }]);
  const done = await opened.browser.click(opened.refs[0] ?? '', never);
  expect(done.text).toContain('Nobody asked for this download');
  await opened.event((event) => event.type === 'refused');
  await opened.browser.wait({ seconds: 0.3 }, never);
  expect(await filesOf(opened)).toEqual([]);
});

it('keeps one download of a page that starts many', async () => {
  const opened = await openWith(
    [{ body: 'data', disposition: 'attachment; filename="a.txt"' }],
    "<button onclick=\"for (let i = 0; i < 8; i += 1) { const a = document.createElement('a'); a.href = '/file0?' + i; a.download = 'x' + i + '.txt'; a.click(); }\">get</button>",
  );
  await opened.browser.download(opened.refs[0] ?? '', never);
  await opened.browser.wait({ seconds: 0.5 }, never);
  expect(await filesOf(opened)).toHaveLength(1);
});

it('keeps what a person gets by hand', async () => {
  const opened = await openWith([{ body: 'data', disposition: 'attachment; filename="hand.txt"' }]);
  const { box } = await opened.browser.facts(opened.refs[0] ?? '', never);
  await opened.browser.input({ kind: 'click', x: (box?.x ?? 0) + 3, y: (box?.y ?? 0) + 3 }, never);
  await opened.event((event) => event.type === 'download');
  expect(await filesOf(opened)).toEqual(['hand.txt']);
});

const ELF = Buffer.concat([Buffer.from('7f454c46020101000000000000000000020000003e000000', 'hex'), Buffer.alloc(100)]);
const PE = Buffer.concat([Buffer.from('MZ'), Buffer.alloc(200)]);
const MACHO = Buffer.concat([Buffer.from('cffaedfe07000001', 'hex'), Buffer.alloc(100)]);

describe('a program', () => {
  it.each([
    ['by its name', 'tool.exe', 'just text'],
    ['by a second ending', 'receipt.pdf.exe', 'just text'],
    ['that hides its ending', 'receipt\u202efdp.exe', 'just text'],
    ['for Linux', 'picture.png', ELF],
    ['for Windows', 'picture.png', PE],
    ['for macOS', 'picture.png', MACHO],
    ['as a script', 'notes.txt', '#!/bin/sh\nrm -rf /\n'],
    ['as a starter', 'notes.txt', '[Desktop Entry]\nExec=sh'],
    ['as an installer', 'setup.msi', 'x'],
    ['as a batch file', 'run.bat', 'x'],
    ['for Java', 'a.jar', 'x'],
    ['for Android', 'a.apk', 'x'],
  ])('is not downloaded: %s', async (_, name, body) => {
    const encoded = encodeURIComponent(name);
    const opened = await openWith([{ body, disposition: `attachment; filename*=UTF-8''${encoded}` }]);
    await expect(opened.browser.download(opened.refs[0] ?? '', never)).rejects.toMatchObject({
      code: 'NOT_ALLOWED',
      message: 'Programs and scripts are not downloaded.',
    });
    expect(opened.refusals()).toEqual([expect.stringContaining('Programs and scripts')]);
    expect(await filesOf(opened)).toEqual([]);
  });
});

it.each([
  ['../../../../tmp/escaped.txt'],
  ['..\\..\\escaped.txt'],
  ['/etc/escaped.txt'],
  ['C:\\Windows\\escaped.txt'],
  ['a/../../escaped.txt'],
  ['%2e%2e%2fescaped.txt'],
])('puts a file called %s into its folder and nowhere else', async (name) => {
  const opened = await openWith([
    { body: 'data', disposition: `attachment; filename="${name.replaceAll('\\', '\\\\')}"` },
  ]);
  await opened.browser.download(opened.refs[0] ?? '', never);
  const files = await filesOf(opened);
  expect(files).toHaveLength(1);
  expect(files[0]).toMatch(/escaped\.txt$/);
  expect(path.resolve(opened.downloads, files[0] ?? '')).toBe(path.join(opened.downloads, files[0] ?? ''));
  expect((await readdir(opened.folder)).sort()).toEqual(['downloads', 'profile', 'run']);
});

it('takes the wish of a download attribute no better', async () => {
  const opened = await openWith(
    [{ body: 'data' }],
    '<a href="data:text/plain,hello" download="../../../x/../evil.txt">get</a>',
  );
  await opened.browser.download(opened.refs[0] ?? '', never);
  expect(await filesOf(opened)).toEqual([expect.stringMatching(/^[^/\\]*evil\.txt$/)]);
});

it('ends one that is too large', async () => {
  const opened = await openWith(
    [{ body: Buffer.alloc(3 * 2 ** 20, 'a'), disposition: 'attachment; filename="large.txt"' }],
    undefined,
    2 ** 20,
  );
  await expect(opened.browser.download(opened.refs[0] ?? '', never)).rejects.toMatchObject({ code: 'NOT_ALLOWED' });
  expect(opened.refusals().join()).toContain('MiB');
  expect(await filesOf(opened)).toEqual([]);
});

it.each([
  ['receipt.pdf', 'receipt.pdf'],
  ['../../etc/passwd', 'passwd'],
  ['..', 'download'],
  ['', 'download'],
  ['.bashrc', 'bashrc'],
  ['CON.txt', '_CON.txt'],
  ['nul', '_nul'],
  ['a\u0000b\u202ec.txt', 'abc.txt'],
  ['what?:*|<>".txt', 'what.txt'],
  ['name.txt. . .', 'name.txt'],
  [`${'x'.repeat(300)}.txt`, `${'x'.repeat(116)}.txt`],
])('makes of %j the name %j', (proposed, name) => {
  expect(safeName(proposed)).toBe(name);
});

it('knows programs by their endings, in any case', () => {
  for (const name of ['a.EXE', 'a.sh', 'a.Desktop', 'a.ps1', 'a.scr']) expect(isProgramName(name), name).toBe(true);
  for (const name of ['a.pdf', 'exe', 'a.txt', 'a.tar.gz']) expect(isProgramName(name), name).toBe(false);
});
