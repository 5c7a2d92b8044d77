/** The whole server in this process over the real llama-server, with models that each test writes. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import { createApp } from '../../src/app.ts';
import type { App, AppOptions } from '../../src/app.ts';
import type { ModelView } from '../../src/contracts/views.ts';
import { upstreamGet } from '../../src/io/llama/upstream-get.ts';
import { QUICK_POLICY } from './fake-app.ts';
import { realEngine, realEngineDataDir } from './real-engine.ts';

/** What an app needs to find the shared engine: its path, or for one that is no single file a link in the data folder. */
export const useRealEngine = async (dataDir: string): Promise<string | null> => {
  const engine = await realEngine();
  if (engine.source !== 'installed') return engine.path;
  await mkdir(dataDir, { recursive: true });
  const link = join(dataDir, 'engines');
  if (!existsSync(link)) await symlink(join(realEngineDataDir, 'engines'), link);
  return null;
};

/**
 * Writes a program that runs the real engine with at most `bytes` of address space, and returns its path. What asks for
 * more is refused by the kernel at once, so that running out of memory can be tested without filling the machine's.
 */
export const memoryLimitedEngine = async (folder: string, bytes: number): Promise<string> => {
  const { command, prefixArgs } = await realEngine();
  const words = [command, ...prefixArgs].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const path = join(folder, 'memory-limited-llama-server');
  const script = `#!/bin/sh\nulimit -v ${Math.floor(bytes / 1024)}\nexec ${words} "$@"\n`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
};

/** One event of an event stream: its JSON, or the word that ends it. */
export type StreamEvent = Record<string, unknown> | '[DONE]';

export interface EngineApp {
  app: App;
  dataDir: string;
  modelsDir: string;
  model(id: string): ModelView;
  /** Resolves with the view once `matches` holds; fails after `timeoutMs`. */
  until(id: string, matches: (view: ModelView) => boolean, timeoutMs?: number): Promise<ModelView>;
  /** A request at the router. */
  post(path: string, body: Record<string, unknown>, signal?: AbortSignal): Promise<Response>;
  /** Asks the engine of the only loaded model itself, past the router. */
  engine(path: string): Promise<unknown>;
  /** Stops the app and starts another one over the same folders. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** @param write puts model files into the folder before the first scan */
export const startEngineApp = async (
  write: (modelsDir: string) => Promise<unknown>,
  options: Partial<AppOptions> = {},
): Promise<EngineApp> => {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-engine-'));
  const modelsDir = join(folder, 'models');
  const dataDir = join(folder, 'data');
  await mkdir(modelsDir);
  await write(modelsDir);
  const enginePath = await useRealEngine(dataDir);
  const start = async (): Promise<App> => {
    const app = await createApp({
      host: '127.0.0.1',
      port: 0,
      routerPort: 0,
      dataDir,
      modelsDirs: [modelsDir],
      enginePath,
      web: false,
      autoInstall: false,
      policy: QUICK_POLICY,
      ...options,
    });
    try {
      await app.start();
    } catch (error) {
      await app.stop('it did not start');
      throw error;
    }
    return app;
  };
  const model = (id: string): ModelView => {
    const view = running.app.services.models.find(id);
    if (view === undefined) throw new Error(`There is no model ${id}.`);
    return view;
  };
  const running: EngineApp = {
    app: await start(),
    dataDir,
    modelsDir,
    model,
    until: (id, matches, timeoutMs = 30_000) =>
      vi.waitFor(
        () => {
          const view = model(id);
          if (!matches(view)) throw new Error(`${id} is ${view.state} (${view.failure?.message ?? 'no failure'})`);
          return view;
        },
        { timeout: timeoutMs, interval: 5 },
      ),
    post: (path, body, signal) =>
      fetch(`${running.app.routerUrl}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      }),
    async engine(path) {
      const sockets = join(dataDir, 'run', 'sockets');
      const names = await readdir(sockets);
      if (names.length !== 1) throw new Error(`${names.length} engines listen, not one.`);
      const { body } = await upstreamGet({ socketPath: join(sockets, names[0] as string) }, path, 10_000);
      return JSON.parse(body) as unknown;
    },
    async restart() {
      await running.app.stop('another one follows');
      running.app = await start();
    },
    async stop() {
      await running.app.stop('the test is over');
      await rm(folder, { recursive: true, force: true });
    },
  };
  return running;
};

/** The events of a stream as they arrive; an incomplete last one is a fault of the stream and throws. */
export async function* eventsOf(response: Response): AsyncGenerator<StreamEvent> {
  if (response.body === null) throw new Error('The answer has no body.');
  const decoder = new TextDecoder();
  let text = '';
  for await (const part of response.body) {
    text += decoder.decode(part, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.replace(/^data: /, '');
      // A line that starts with a colon is a comment, which keeps the connection alive.
      if (block.startsWith(':')) continue;
      yield data === '[DONE]' ? data : (JSON.parse(data) as Record<string, unknown>);
    }
  }
  if (text !== '') throw new Error(`The stream ended inside of an event: ${text}`);
}

export const collect = async <T>(items: AsyncIterable<T>): Promise<T[]> => {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
};
