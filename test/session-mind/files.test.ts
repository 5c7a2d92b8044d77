/** Uploads for sessions over real HTTP, and the shelf they lie on. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SessionFileView } from '../../src/contracts/sessions.ts';
import { openFileShelf } from '../../src/io/sessions/file-shelf.ts';
import type { FileShelf } from '../../src/io/sessions/file-shelf.ts';
import { pdfText } from '../../src/io/sessions/pdf-text.ts';
import { writeFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { startFileServer } from './file-server.ts';
import type { FileServer } from './file-server.ts';
import { pdfSaying, pdfWith } from './pdf.ts';

let folder: string;
let shelf: FileShelf;
let server: FileServer;
let time = 1_000_000;
const open = async (): Promise<FileShelf> => {
  const opened = await openFileShelf({ dataDir: folder, most: () => 1, log: () => undefined, now: () => time });
  await opened.begin(() => used);
  return opened;
};
let used = new Set<string>();
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'llamactor-shelf-'));
  used = new Set();
  time = 1_000_000;
  shelf = await open();
  server = await startFileServer(shelf);
});
afterEach(async () => {
  await server.close();
  await shelf.close();
  await rm(folder, { recursive: true, force: true });
});

const onDisk = (): Promise<string[]> => readdir(path.join(folder, 'session-files'));
const upload = async (body: Buffer | string, name = 'notes.txt') => {
  const response = await fetch(`${server.url}/api/sessions/files?name=${encodeURIComponent(name)}`, {
    method: 'POST',
    body: Buffer.from(body),
  });
  const told = (await response.json()) as {
    data: { file: SessionFileView };
    error: { code: string; message: string } | null;
  };
  return { status: response.status, ...told };
};
const owner = 'shared';

describe('an upload', () => {
  it('is stored under a name of its own, told with both spellings, and given back as an attachment', async () => {
    const { status, data } = await upload('Größe', 'über "uns".txt');
    expect(status).toBe(201);
    expect(data.file).toMatchObject({ fileName: 'über "uns".txt', contentType: 'text/plain', mimeType: 'text/plain' });
    expect(data.file).toMatchObject({ size: 7, fileSize: 7, kind: 'text' });
    expect(await onDisk()).toEqual([data.file.fileId]);
    const back = await fetch(`${server.url}${data.file.url}`);
    expect(await back.text()).toBe('Größe');
    expect(back.headers.get('x-content-type-options')).toBe('nosniff');
    expect(back.headers.get('content-disposition')).toMatch(/^attachment; .*filename\*=UTF-8''%C3%BCber/);
  });

  it('is somebody’s own, and can be removed', async () => {
    const { data } = await upload('mine');
    server.as({ userId: 'bob', email: null });
    expect((await fetch(`${server.url}${data.file.url}`)).status).toBe(404);
    expect((await fetch(`${server.url}${data.file.url}`, { method: 'DELETE' })).status).toBe(404);
    server.as(null);
    expect((await fetch(`${server.url}${data.file.url}`, { method: 'DELETE' })).status).toBe(200);
    expect(await onDisk()).toEqual([]);
  });

  it('is given to whoever has a ticket of its owner, for links that carry no header', async () => {
    const { data } = await upload('mine');
    const ada = { userId: 'ada', email: null };
    const at = (holder: typeof ada | null, expiresAt: number): Promise<Response> =>
      fetch(`${server.url}${data.file.url}?ticket=${encodeURIComponent(server.ticketOf(holder, expiresAt))}`);
    expect(await (await at(null, Date.now() + 60_000)).text()).toBe('mine');
    expect((await at(ada, Date.now() + 60_000)).status).toBe(404);
    expect((await at(null, Date.now() - 1)).status).toBe(401);
  });

  it.each([
    ['../../etc/passwd', 'passwd'],
    ['C:\\Windows\\system32\\evil.dll', 'evil.dll'],
    ['..', 'file'],
    ['', 'file'],
    ['a\u0000b\n\u202Etxt.exe', 'abtxt.exe'],
    [`${'x'.repeat(400)}.pdf`, `${'x'.repeat(196)}.pdf`],
  ])('called %j is shown as %j and lies nowhere else', async (name, shown) => {
    const { data } = await upload('text', name);
    expect(data.file.fileName).toBe(shown);
    expect(await onDisk()).toEqual([data.file.fileId]);
  });

  it('comes as a form with several files', async () => {
    const form = new FormData();
    // Takes longer than what follows.
    form.append('files', new Blob([Buffer.alloc(900_000, 'x')]), 'one.txt');
    form.append('note', 'not a file');
    form.append('files', new Blob(['two']), '../two.txt');
    const response = await fetch(`${server.url}/api/sessions/files`, { method: 'POST', body: form });
    const { data } = (await response.json()) as { data: { files: SessionFileView[] } };
    expect(data.files.map(({ fileName }) => fileName)).toEqual(['one.txt', 'two.txt']);
  });

  it.each<[string, () => BodyInit]>([
    ['body', () => Buffer.alloc(1_048_577, 'x')],
    [
      'form, of which nothing is kept',
      () => {
        const form = new FormData();
        form.append('a', new Blob(['small']), 'small.txt');
        form.append('b', new Blob([Buffer.alloc(1_048_577, 'x')]), 'large.txt');
        return form;
      },
    ],
  ])('that is too large is refused with the limit: a %s', async (_, body) => {
    const response = await fetch(`${server.url}/api/sessions/files`, { method: 'POST', body: body() });
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      error: { code: 'TOO_LARGE', message: 'The file is larger than the 1 MiB that sessions.uploadMax allows.' },
    });
    expect(await onDisk()).toEqual([]);
    expect(shelf.list(owner)).toEqual([]);
  });

  it('that is empty, or a form without a file, is refused', async () => {
    expect(await upload('')).toMatchObject({ status: 400, error: { code: 'INVALID_PAYLOAD' } });
    const form = new FormData();
    form.append('note', 'no file');
    const response = await fetch(`${server.url}/api/sessions/files`, { method: 'POST', body: form });
    expect(response.status).toBe(400);
    const broken = await fetch(`${server.url}/api/sessions/files`, {
      method: 'POST',
      headers: { 'content-type': 'multipart/form-data' },
      body: 'nothing',
    });
    expect(broken.status).toBe(400);
    expect(await onDisk()).toEqual([]);
  });

  it.each([
    ['body', 'Content-Length: 100000\r\n\r\nhalf'],
    [
      'form',
      'Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: form-data; name="f"; filename="a.txt"\r\n\r\nhalf',
    ],
  ])('that is broken off leaves nothing: a %s', async (_, rest) => {
    const { port } = new URL(server.url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write(`POST /api/sessions/files HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${rest}`);
    await expect.poll(onDisk, { timeout: 10_000 }).toHaveLength(1);
    socket.destroy();
    await expect.poll(onDisk, { timeout: 10_000 }).toEqual([]);
    expect(shelf.list(owner)).toEqual([]);
  });
});

describe('what a file says', () => {
  const read = async (body: Buffer | string, name?: string, from = 0, most = 1000) => {
    const { data } = await upload(body, name);
    return { file: data.file, ...(await shelf.textOf(data.file.fileId, owner, from, most)) };
  };

  it('is read in its encoding, a part at a time', async () => {
    expect(await read('\uFEFFÄpfel', 'a.txt')).toMatchObject({ text: 'Äpfel', next: null });
    const wide = Buffer.from('\uFEFFÄpfel\n日本', 'utf16le');
    expect(await read(wide, 'b.bin')).toMatchObject({ text: 'Äpfel\n日本', file: { kind: 'text' } });
    expect(await read(Buffer.from(wide).swap16(), 'c')).toMatchObject({ text: 'Äpfel\n日本' });
    expect(await read('0123456789', 'd.txt', 2, 3)).toMatchObject({ text: '234', next: 5 });
    expect(await read('0123456789', 'e.txt', 7, 3)).toMatchObject({ text: '789', next: null });
    const long = 'é'.repeat(200_000);
    expect(await read(long, 'f.txt', 199_990, 100)).toMatchObject({ text: 'é'.repeat(10), next: null });
  });

  it('is read out of a PDF, once', async () => {
    const { data } = await upload(pdfSaying('Invoice 4711 of the llama shop'), 'bill.doc');
    expect(data.file).toMatchObject({ kind: 'pdf', contentType: 'application/pdf' });
    const { fileId } = data.file;
    const both = await Promise.all([shelf.textOf(fileId, owner, 0, 1000), shelf.textOf(fileId, owner, 8, 4)]);
    expect(both[0].text.trim()).toBe('Invoice 4711 of the llama shop');
    expect(both[1]).toEqual({ text: '4711', next: 12 });
  });

  it('is nothing for a zip that is called a text, which is told; pictures are for those who see', async () => {
    const zip = await upload(Buffer.from('504b0506000000000000000000000000000000000000', 'hex'), 'notes.txt');
    expect(zip.data.file).toMatchObject({ kind: 'other', contentType: 'application/zip' });
    await expect(shelf.textOf(zip.data.file.fileId, owner, 0, 10)).rejects.toThrow(
      'notes.txt cannot be read: it is application/zip',
    );
    const png = Buffer.from(
      '89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c4890000000d49444154789c6360000002000001e221bc330000000049454e44ae426082'.replace(
        ' ',
        '',
      ),
      'hex',
    );
    const picture = await upload(png, 'a.jpg');
    expect(picture.data.file).toMatchObject({ kind: 'image', contentType: 'image/png' });
    expect(await shelf.picture(picture.data.file.fileId)).toEqual({ mime: 'image/png', bytes: png });
    expect(await shelf.picture(zip.data.file.fileId)).toBeNull();
  });

  it('is refused for a PDF that is damaged, or made to take time or memory', async () => {
    const broken = await upload(Buffer.from('%PDF-1.4\nnothing of the kind'), 'x.pdf');
    await expect(shelf.textOf(broken.data.file.fileId, owner, 0, 10)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    const file = path.join(folder, 'slow.pdf');
    const line = `BT /F1 9 Tf (${'a'.repeat(500)}) Tj ET\n`;
    await writeFile(file, pdfWith(deflateSync(Buffer.from(line.repeat(400_000))), 'FlateDecode'));
    await expect(pdfText(file, { ms: 300 })).rejects.toThrow('it took longer than 0 seconds');
    await expect(pdfText(file, { heapMiB: 24, growthMiB: 64 })).rejects.toThrow(/memory|ended/);
  });
});

describe('the shelf', () => {
  it('is the same after a restart, without what a crash left', async () => {
    const { data } = await upload('kept');
    await writeFile(path.join(folder, 'session-files', `${'a'.repeat(32)}.part`), 'half');
    await writeFile(path.join(folder, 'session-files', 'b'.repeat(32)), 'no record');
    const again = await open();
    expect(again.list(owner)).toEqual([data.file]);
    expect(await onDisk()).toEqual([data.file.fileId]);
    await again.close();
  });

  it('removes what no session uses a day later', async () => {
    const add = async (name: string) => shelf.add(Readable.from([Buffer.from('x')]), { name, owner });
    const [kept, gone] = [await add('kept'), await add('gone')];
    used = new Set([kept.fileId]);
    time += 86_399_999;
    await shelf.sweep();
    expect(shelf.list(owner)).toHaveLength(2);
    time += 1;
    await shelf.sweep();
    expect(shelf.list(owner)).toEqual([kept]);
    expect(await onDisk()).toEqual([kept.fileId]);
    expect(shelf.find(gone.fileId, owner)).toBeUndefined();
  });
});
