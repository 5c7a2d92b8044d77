/** The registry of downloads over real folders and a hub on this machine. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { vi } from 'vitest';
import type { DownloadPolicy } from '../../machines/download-policy.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import { DownloadsDocument } from '../../src/contracts/download-record.ts';
import { hasEnded } from '../../src/contracts/downloads.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import { nodeFs } from '../../src/io/downloads/download-fs.ts';
import { downloadHttp } from '../../src/io/downloads/http.ts';
import { openDocument } from '../../src/io/store/document.ts';
import type { ChangeHub } from '../../src/runtime/changes.ts';
import { createDownloads } from '../../src/runtime/downloads.ts';
import type { Downloads, DownloadsOptions } from '../../src/runtime/downloads.ts';
import type { HubServer } from '../support/hub-server.ts';

export const QUICK: DownloadPolicy = { budget: 3, firstDelayMs: 10, maxDelayMs: 40 };

export interface Harness {
  downloads: Downloads;
  folder: string;
  modelsDir: string;
  /** Every view that was told, in order. */
  told: DownloadView[];
  changes: DomainChange[];
  logged: string[];
  until(id: string, matches: (view: DownloadView) => boolean): Promise<DownloadView>;
  ended(id: string): Promise<DownloadView>;
  /** Closes the registry and opens another one over the same folders. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

export interface HarnessOptions extends Partial<Pick<DownloadsOptions, 'fs' | 'policy' | 'fitOf' | 'adopt'>> {
  env?: NodeJS.ProcessEnv;
  most?: number;
  silenceMs?: number;
}

export const openHarness = async (hub: HubServer, options: HarnessOptions = {}): Promise<Harness> => {
  const folder = await mkdtemp(join(tmpdir(), 'llamactor-downloads-'));
  const modelsDir = join(folder, 'models');
  const told: DownloadView[] = [];
  const changes: DomainChange[] = [];
  const logged: string[] = [];
  const listeners = new Set<() => void>();
  const publish: ChangeHub['publish'] = (change) => {
    changes.push(change);
    if (change.kind === 'download') told.push(change.download);
    for (const listener of [...listeners]) listener();
  };
  const open = async (): Promise<Downloads> => {
    const store = await openDocument({
      path: join(folder, 'downloads.json'),
      version: 1,
      schema: DownloadsDocument,
      defaults: (): DownloadsDocument => ({ downloads: [] }),
      onDamaged: ({ message }) => logged.push(message),
    });
    return createDownloads({
      store,
      http: downloadHttp({
        env: { HF_ENDPOINT: hub.url, ...options.env },
        ...(options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs }),
      }),
      fs: options.fs ?? nodeFs,
      policy: options.policy ?? QUICK,
      modelsDir: () => modelsDir,
      most: () => options.most ?? 2,
      fitOf: options.fitOf ?? (() => 'fits'),
      hub: { publish } as ChangeHub,
      adopt: options.adopt ?? (() => Promise.resolve('adopted')),
      log: (_level, _source, message) => logged.push(message),
      now: Date.now,
    });
  };
  const harness: Harness = {
    downloads: await open(),
    folder,
    modelsDir,
    told,
    changes,
    logged,
    until(id, matches) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const view = harness.downloads.list().find((download) => download.id === id);
          if (view === undefined || !matches(view)) return;
          listeners.delete(look);
          clearTimeout(timer);
          resolve(view);
        };
        const timer = setTimeout(() => {
          listeners.delete(look);
          reject(new Error(`not reached; last: ${JSON.stringify(harness.downloads.list())}`));
        }, 20_000);
        listeners.add(look);
        look();
      });
    },
    ended: (id) => harness.until(id, ({ state, finishedAt }) => hasEnded(state) && finishedAt !== null),
    async restart() {
      await harness.downloads.close();
      harness.downloads = await open();
    },
    async close() {
      await harness.downloads.close();
      await vi.waitFor(() => rm(folder, { recursive: true, force: true }));
    },
  };
  return harness;
};
