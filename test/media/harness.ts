/** The media service over a real folder, real processes and a tool whose faults a test chooses. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { vi } from 'vitest';
import type { KeepPolicy } from '../../machines/media-policy.ts';
import type { CommandInput } from '../../src/contracts/commands.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import { MediaTool } from '../../src/contracts/media-tool.ts';
import { MediaDocument, MediaToolsDocument } from '../../src/contracts/media-record.ts';
import { mediaHasEnded } from '../../src/contracts/media.ts';
import type { MediaView } from '../../src/contracts/media.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import { openMediaFolder } from '../../src/io/media/media-folder.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import { openDocument } from '../../src/io/store/document.ts';
import type { ChangeHub } from '../../src/runtime/changes.ts';
import { createMedia } from '../../src/runtime/media/media-service.ts';
import type { MediaService } from '../../src/runtime/media/media-service.ts';
import { createToolbox } from '../../src/runtime/media/toolbox.ts';

export const FAKE_TOOL = resolve(import.meta.dirname, '../support/fake-media-tool.mjs');

/** Draws one pixel, or has the fault that is asked for. */
export const DRAW = MediaTool.parse({
  name: 'draw',
  title: 'Draw',
  commands: [FAKE_TOOL],
  prompt: 'optional',
  input: 'optional',
  accepts: ['image'],
  output: 'png',
  params: [
    {
      name: 'fault',
      type: 'choice',
      choices: ['none', 'backwards', 'no-output', 'crash', 'stubborn', 'endless', 'other-name'],
      default: 'none',
    },
    { name: 'text', type: 'text' },
    { name: 'size', type: 'integer', min: 1, max: 100 },
  ],
  args: ['{output}', '{fault}', { when: 'text', args: ['{text}'] }, { when: 'input', args: ['{input}'] }],
  progress: [{ pattern: '^stage (?<message>drawing)', stage: 'drawing' }, { pattern: '^progress (?<percent>\\d+)%' }],
});

export interface Harness {
  media: MediaService;
  folder: string;
  /** Every view that was told, in order. */
  told: MediaView[];
  changes: DomainChange[];
  logged: string[];
  settings: { most: number; keep: KeepPolicy; timeoutMs: number; uploadBytes: number; now: number | null };
  make(wish?: Partial<CommandInput<'media:generate'>> & { owner?: string }): Promise<MediaView>;
  until(id: string, matches: (view: MediaView) => boolean): Promise<MediaView>;
  ended(id: string): Promise<MediaView>;
  subscribe(listener: (changes: readonly DomainChange[]) => void): () => void;
  /** Opens another service over the same folder; `kill`: without a word to the first. */
  restart(how?: 'stop' | 'kill'): Promise<void>;
  close(): Promise<void>;
}

export const openHarness = async (options: { env?: NodeJS.ProcessEnv } = {}): Promise<Harness> => {
  await chmod(FAKE_TOOL, 0o755);
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-media-'));
  const told: MediaView[] = [];
  const changes: DomainChange[] = [];
  const logged: string[] = [];
  const listeners = new Set<(changes: readonly DomainChange[]) => void>();
  const guardian = startGuardian();
  const settings: Harness['settings'] = {
    most: 2,
    keep: { maxAgeMs: null, maxBytes: null },
    timeoutMs: 60_000,
    uploadBytes: 1_000_000,
    now: null,
  };
  const publish: ChangeHub['publish'] = (change) => {
    changes.push(change);
    if (change.kind === 'media') told.push(change.media);
    for (const listener of listeners) listener([change]);
  };
  const hub = { publish } as ChangeHub;
  const env = options.env ?? { PATH: process.env['PATH'] };
  const common = { version: 1, onDamaged: ({ message }: { message: string }) => void logged.push(message) };
  const open = async (): Promise<MediaService> => {
    const store = await openDocument({
      ...common,
      path: join(folder, 'media.json'),
      schema: MediaDocument,
      defaults: (): MediaDocument => ({ media: [] }),
    });
    const tools = await openDocument({
      ...common,
      path: join(folder, 'media-tools.json'),
      schema: MediaToolsDocument,
      defaults: (): MediaToolsDocument => ({ tools: [DRAW] }),
    });
    const toolbox = createToolbox({
      store: tools,
      env,
      modelFolders: () => [join(folder, 'models')],
      onChange: (views, by) => publish({ kind: 'media.tools', tools: views, by }),
    });
    const service = createMedia({
      store,
      toolbox,
      folder: await openMediaFolder(join(folder, 'media')),
      env,
      pids: pidRecords(join(folder, 'run')),
      guardian,
      most: () => settings.most,
      limits: () => ({ timeoutMs: settings.timeoutMs, stopMs: 300, killMs: 5000 }),
      keep: () => settings.keep,
      uploadBytes: () => settings.uploadBytes,
      hub,
      log: (_level, _source, message) => void logged.push(message),
      now: () => settings.now ?? Date.now(),
    });
    await service.begin();
    return service;
  };
  const harness: Harness = {
    media: await open(),
    folder,
    told,
    changes,
    logged,
    settings,
    make: ({ owner = 'local', params = {}, ...wish } = {}) =>
      harness.media.generate({ tool: 'draw', ...wish, params, owner }, 'test'),
    until: (id, matches) =>
      vi.waitFor(
        () => {
          const view = harness.media.find(id);
          if (view === undefined || !matches(view)) throw new Error(`${id} is ${view?.state ?? 'missing'}`);
          return view;
        },
        { timeout: 30_000, interval: 10 },
      ),
    ended: (id) => harness.until(id, ({ state }) => mediaHasEnded(state)),
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async restart(how = 'stop') {
      if (how === 'stop') await harness.media.drain();
      await harness.media.close();
      harness.media = await open();
    },
    async close() {
      await harness.media.drain();
      await harness.media.close();
      guardian.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return harness;
};
