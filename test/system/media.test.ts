/** The built product and its command line with a real ffmpeg: make, convert, cancel; and kill -9 in the middle. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../src/client/index.ts';
import type { MediaToolView, MediaView } from '../../src/contracts/media.ts';
import { DRAW } from '../media/harness.ts';
import { FAKE_ENGINE } from '../support/fake-app.ts';
import { ffmpegFolder } from '../support/ffmpeg.ts';
import { cli, serve } from '../support/serve.ts';
import type { Served } from '../support/serve.ts';

let folder: string;
let served: Served;

const start = async (): Promise<Served> => {
  const bin = await ffmpegFolder(folder);
  return serve({
    dataDir: join(folder, 'data'),
    args: ['--models-dir', join(folder, 'models'), '--no-web'],
    env: { LLAMACTOR_ENGINE_PATH: FAKE_ENGINE, PATH: `${bin}:${process.env['PATH'] ?? ''}`, NO_COLOR: '1' },
  });
};
const ask = (...argv: string[]) => cli(['media', ...argv], { LLAMACTOR_URL: served.url, NO_COLOR: '1' });
const list = async (): Promise<MediaView[]> =>
  (JSON.parse((await ask('list', '--json')).stdout) as { media: MediaView[] }).media;
/** Processes whose command line names this test's folder, the server itself not counted. */
const processes = async (): Promise<string[]> => {
  const { stdout } = await promisify(execFile)('ps', ['-axo', 'args=']);
  return stdout.split('\n').filter((line) => line.includes(join(folder, 'data', 'media')));
};

beforeAll(async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'llamactor-ffmpeg-'));
  await ffmpegFolder(scratch);
  await rm(scratch, { recursive: true });
}, 600_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'llamactor-media-cli-'));
  await mkdir(join(folder, 'models'));
  served = await start();
});
afterEach(async () => {
  served.child.kill('SIGKILL');
  await served.exited;
  await rm(folder, { recursive: true, force: true });
});

describe('llamactor media', () => {
  it('lists tools, makes, converts a file of this machine, and saves what came of it', async () => {
    const tools = JSON.parse((await ask('tools', '--json')).stdout) as { tools: MediaToolView[] };
    expect(tools.tools.filter(({ available }) => available).map(({ name }) => name)).toEqual(['convert', 'test-film']);
    expect((await ask('tools', 'convert')).stdout).toContain('height=<integer from 16 to 4320>');

    const film = join(folder, 'film.mp4');
    const made = await ask('generate', 'test-film', '-p', 'seconds=2', '-o', film);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringContaining('video/mp4') as string });
    expect(made.stderr).toContain('encoding');
    expect((await readFile(film)).subarray(4, 8).toString()).toBe('ftyp');

    const sound = join(folder, 'sound.wav');
    const converted = await ask(
      'generate',
      'convert',
      '-i',
      film,
      '-p',
      'format=wav',
      '-p',
      'length=1',
      '-o',
      sound,
      '--json',
    );
    expect(JSON.parse(converted.stdout)).toMatchObject({
      media: { state: 'complete', mime: 'audio/wav', progress: 100 },
    });
    expect((await readFile(sound)).subarray(0, 4).toString()).toBe('RIFF');
    expect((await list()).map(({ tool, label }) => tool ?? label)).toEqual(['convert', 'film.mp4', 'test-film']);
  });

  it('says what is wrong with a wish, with the exit code for it', async () => {
    const cases: [string[], number, RegExp][] = [
      [['generate', 'test-flim'], 1, /nearest: test-film/],
      [['generate', 'test-film', '-p', 'seconds=0'], 2, /from 1 to 600/],
      [['generate', 'test-film', '-p', 'seconds'], 2, /name=value/],
      [['generate', 'convert', '-i', './missing.mp4'], 2, /no file/],
      [['generate', 'sd', 'a llama'], 1, /PATH/],
      [['cancel', 'nothing'], 1, /no media nothing/],
    ];
    for (const [argv, code, message] of cases) {
      const answer = await ask(...argv);
      expect(answer.code, argv.join(' ')).toBe(code);
      expect(answer.stderr).toMatch(message);
    }
  });

  it('a tool that fails is exit code 1, with its last words', async () => {
    const client = await connect({ url: served.url });
    await client.call('media:save-tool', { tool: DRAW });
    client.close();
    const answer = await ask('generate', 'draw', '-p', 'fault=crash');
    expect(answer.code).toBe(1);
    expect(answer.stderr).toContain('exit code 3');
    expect(answer.stderr).toContain('failed: out of paint');
  });

  it('cancels, removes and restores', async () => {
    await ask('generate', 'test-film', '-p', 'seconds=600', '-p', 'size=1920x1080', '--detach');
    const [running] = await list();
    const id = running?.id ?? '';
    await vi.waitFor(async () => expect((await processes()).length).toBeGreaterThan(0), { timeout: 20_000 });
    expect(await ask('cancel', id)).toMatchObject({ code: 0, stdout: `${id} is cancelled.\n` });
    expect(await processes()).toEqual([]);
    expect((await ask('remove', id)).code).toBe(0);
    expect(await list()).toEqual([]);
    expect((await ask('restore', id)).code).toBe(0);
    expect(await list()).toMatchObject([{ id, state: 'cancelled' }]);
  });
});

describe('kill -9 of the server', () => {
  it.each([
    ['a real ffmpeg', 'test-film', ['seconds=600', 'size=1920x1080']],
    ['a tool that ignores SIGTERM and has a child', 'draw', ['fault=stubborn']],
  ])('leaves nothing of %s, and the next start reports it as interrupted', async (_, tool, params) => {
    const client = await connect({ url: served.url });
    await client.call('media:save-tool', { tool: DRAW });
    const { mediaId: id } = await client.call('media:generate', {
      tool,
      params: Object.fromEntries(params.map((word) => word.split('='))) as Record<string, string>,
    });
    const { mediaId: waiting } = await client.call('media:generate', { tool, params: {} });
    await vi.waitFor(async () => expect((await processes()).length).toBeGreaterThan(0), { timeout: 20_000 });
    served.child.kill('SIGKILL');
    await served.exited;
    client.close();
    await vi.waitFor(async () => expect(await processes()).toEqual([]), { timeout: 5000 });

    served = await start();
    const media = await list();
    expect(media.map((each) => each.id).sort()).toEqual([id, waiting].sort());
    for (const each of media) expect(each).toMatchObject({ state: 'failed', errorCode: 'INTERRUPTED' });
    expect(await readdir(join(folder, 'data', 'media'))).toEqual([]);
    expect(await processes()).toEqual([]);
  });
});
