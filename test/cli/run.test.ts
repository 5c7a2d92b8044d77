/** `llamactor run` and `llamactor runs` against a server whose runs are done by a scripted agent. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunView } from '../../src/contracts/runs.ts';
import { startRunsApp, steps } from '../support/runs-app.ts';
import type { RunsApp } from '../support/runs-app.ts';
import { run, start } from './harness.ts';

let runs: RunsApp;
beforeAll(async () => {
  runs = await startRunsApp({ config: { 'runs.commands': ['other = /no/such/program --flag'] } });
});
afterAll(() => runs.stop());

const llamactor = (...argv: string[]) => run(argv, { url: runs.url, cwd: runs.folder });
const newest = async (): Promise<RunView> => {
  const { json } = await llamactor('runs', '--json');
  return (json() as { runs: RunView[] }).runs[0] as RunView;
};

describe('llamactor run', () => {
  it('streams what the command writes, each output to its own, and ends with 0', async () => {
    const running = start(
      ['run', steps(['out', 'one '], ['err', 'note'], ['hold', runs.file('cli')], ['out', 'two'])],
      {
        url: runs.url,
      },
    );
    await vi.waitFor(() => expect(running.out()).toBe('one '));
    expect(running.err()).toBe('note');
    await runs.touch('cli');
    expect(await running.done).toBe(0);
    expect(running.out()).toBe('one two');
  });

  it.each([
    [[steps(['err', 'broken'], ['exit', 7])], 7, /broken\nThe command ended with exit code 7: broken\n/],
    [['--limit', '100ms', steps(['hold', '/never'])], 124, /longer than its 100 ms/],
    [['--tool', 'other', 'x'], 1, /There is no command "\/no\/such\/program"/],
    [['--tool', 'unknown', 'x'], 1, /There are command, other, prompt/],
    [['--cwd', '/etc', 'x'], 2, /may not work in \/etc: allowed are .*runs\.directories/],
    [['--cwd', 'nowhere', 'x'], 2, /There is no folder/],
    [['--limit', '90000', 'x'], 2, /up to 24h/],
    [['  '], 2, /The prompt is empty/],
  ])('%j ends with %d and says why', async (argv, code, words) => {
    const result = await llamactor('run', ...argv);
    expect(result.err).toMatch(words);
    expect(result.code).toBe(code);
  });

  it('takes the prompt from stdin and works in the folder it is told', async () => {
    const result = await run(['run', '--cwd', '.'], { url: runs.url, cwd: runs.folder, stdin: steps(['cwd']) });
    expect(result).toMatchObject({ code: 0, out: runs.folder });
    expect(await newest()).toMatchObject({ cwd: runs.folder, state: 'completed' });
  });

  it('gives one JSON document with --json', async () => {
    const result = await llamactor('run', '--json', steps(['out', 'x'], ['err', 'y']));
    expect(result.json()).toMatchObject({ run: { state: 'completed' }, stdout: 'x', stderr: 'y' });
  });

  it('cancels the run at Ctrl-C', async () => {
    const running = start(['run', steps(['out', 'up'], ['hold', runs.file('never')])], { url: runs.url });
    await vi.waitFor(() => expect(running.out()).toBe('up'));
    running.signal('SIGINT');
    expect(await running.done).toBe(130);
    expect(running.err()).toContain('The run is cancelled.');
    await vi.waitFor(async () => expect(await newest()).toMatchObject({ state: 'cancelled' }));
  });

  it('shows terminal colours on a terminal, and no other control sequence', async () => {
    const written = '\u001b[31mred\u001b[0m\u001b]0;title\u0007\u001b[2J';
    const onTerminal = await run(['run', steps(['out', written])], { url: runs.url, terminal: 80 });
    expect(onTerminal.out).toContain('\u001b[31mred\u001b[0m');
    expect(onTerminal.out.replaceAll('\u001b[31m', '').replaceAll('\u001b[0m', '')).not.toContain('\u001b');
    expect((await llamactor('run', steps(['out', written]))).out).toBe(written);
  });
});

describe('llamactor runs', () => {
  it('lists, shows, replays, cancels and forgets them', async () => {
    const detached = await llamactor('run', '--detach', steps(['out', 'kept'], ['hold', runs.file('never')]));
    const id = detached.out.trim();
    expect((await llamactor('runs')).out).toMatch(new RegExp(`${id} +command +running`));
    await vi.waitFor(async () => expect((await llamactor('runs', 'output', id)).out).toBe('kept'));
    const shown = await llamactor('runs', 'show', id);
    expect(shown.out).toMatch(/state +running/);
    expect(shown.out).toContain('["out","kept"]');
    expect((await llamactor('runs', 'remove', id)).err).toContain('cancel it first');
    expect((await llamactor('runs', 'cancel', id)).out).toBe('The run is cancelled.\n');
    expect(await llamactor('runs', 'cancel', id)).toMatchObject({ code: 1 });
    expect((await llamactor('runs', 'output', id)).out).toBe('kept');
    expect((await llamactor('runs', 'remove', id)).code).toBe(0);
    expect((await llamactor('runs', 'show', id)).err).toContain('There is no run');
  });

  it('lists the commands, the default first', async () => {
    const { out } = await llamactor('runs', 'tools');
    expect(out).toMatch(/\* +command +command .*fake-agent/);
    expect(out).toMatch(/prompt +builtin +llamactor prompt/);
    expect(out).toMatch(/other +named +\/no\/such\/program --flag/);
  });
});
