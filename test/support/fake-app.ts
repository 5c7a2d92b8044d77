/** The whole server in this process over the fake engine, whose faults are chosen per model. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { App, AppOptions } from '../../src/app.ts';
import type { ModelView } from '../../src/contracts/views.ts';
import { headerModel } from './gguf.ts';

export const FAKE_ENGINE = resolve(import.meta.dirname, 'fake-llama-server.mjs');

export interface FakeApp {
  app: App;
  dataDir: string;
  modelsDir: string;
  model(id: string): ModelView;
  /** Resolves with the view once `matches` holds; fails after `timeoutMs`. */
  until(id: string, matches: (view: ModelView) => boolean, timeoutMs?: number): Promise<ModelView>;
  stop(): Promise<void>;
}

/** Short enough for tests, with the same shape as the default. */
export const QUICK_POLICY = { budget: 2, windowMs: 60_000, firstDelayMs: 50, maxDelayMs: 200 };

/** @param faults model id → what `--fault` says; "" for a model that works */
export const startFakeApp = async (
  faults: Record<string, string>,
  options: Partial<AppOptions> = {},
): Promise<FakeApp> => {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-fake-'));
  const modelsDir = join(folder, 'models');
  const dataDir = join(folder, 'data');
  await mkdir(modelsDir);
  for (const id of Object.keys(faults)) await headerModel(modelsDir, `${id}.gguf`);
  const app = await createApp({
    host: '127.0.0.1',
    port: 0,
    routerPort: 0,
    dataDir,
    modelsDirs: [modelsDir],
    enginePath: FAKE_ENGINE,
    web: false,
    autoInstall: false,
    policy: QUICK_POLICY,
    ...options,
  });
  await app.start();
  for (const [id, fault] of Object.entries(faults)) {
    if (fault !== '') await app.services.models.update(id, { parameters: { fault } }, 'test');
  }
  const model = (id: string): ModelView => {
    const view = app.services.models.find(id);
    if (view === undefined) throw new Error(`There is no model ${id}.`);
    return view;
  };
  return {
    app,
    dataDir,
    modelsDir,
    model,
    until: (id, matches, timeoutMs = 20_000) =>
      vi.waitFor(
        () => {
          const view = model(id);
          if (!matches(view)) throw new Error(`${id} is ${view.state} (${view.failure?.message ?? 'no failure'})`);
          return view;
        },
        { timeout: timeoutMs, interval: 5 },
      ),
    async stop() {
      await app.stop('the test is over');
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** State and process group of a process; null when there is none. */
const statOf = (pid: string): { state: string; group: number } | null => {
  try {
    // The name in parentheses may hold anything.
    const [state = '', , group = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return { state, group: Number(group) };
  } catch {
    return null;
  }
};

/**
 * Whether a process exists, or for a negative number any of that process group. Those that are dead and only wait for their parent to
 * notice do not count: after the death of theirs that is whoever adopts orphans here, in its own time.
 */
export const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== 'linux') return true;
  const all = pid > 0 ? [String(pid)] : readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return all.some((each) => {
    const stat = statOf(each);
    return stat !== null && stat.state !== 'Z' && (pid > 0 || stat.group === -pid);
  });
};

export const gone = (pid: number, timeoutMs = 10_000): Promise<void> =>
  vi.waitFor(
    () => {
      if (isRunning(pid)) throw new Error(`process ${pid} is still there`);
    },
    { timeout: timeoutMs, interval: 10 },
  );
