/** The service of MCP servers over a fresh data folder, with real processes. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { defaultRestartPolicy } from '../../machines/restart-policy.ts';
import type { DomainChange } from '../../src/commands/services.ts';
import type { McpServerDraft } from '../../src/contracts/mcp.ts';
import { startGuardian } from '../../src/io/guardian.ts';
import { pidRecords } from '../../src/io/processes/pid-records.ts';
import type { McpServersOptions } from '../../src/runtime/mcp/mcp-servers.ts';
import { openMcp } from '../../src/runtime/mcp/open-mcp.ts';

export const SERVER = fileURLToPath(new URL('../support/mcp-server.mjs', import.meta.url));

export type Fault = 'good' | 'crash' | 'hang' | 'garbage' | 'changing' | 'stubborn' | 'grandchild' | 'exit';

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

export const openTestMcp = async (over: Partial<McpServersOptions> = {}) => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'llamactor-mcp-'));
  const journal = path.join(dataDir, 'journal');
  const changes: DomainChange[] = [];
  const logged: string[] = [];
  const guardian = startGuardian();
  const options = {
    dataDir,
    env: process.env,
    version: '0.0.0',
    policy: { ...defaultRestartPolicy, firstDelayMs: 20 },
    limits: { startMs: 20_000, leaveMs: 200, stopMs: 1500, killMs: 6000 },
    pids: pidRecords(path.join(dataDir, 'run')),
    guardian,
    hub: { publish: (change: DomainChange) => void changes.push(change) },
    log: (level: string, source: string, message: string) => void logged.push(`${level} ${source} ${message}`),
    now: Date.now,
    ...over,
  };
  const mcp = await openMcp(options);
  await mcp.begin();
  return {
    ...mcp,
    dataDir,
    changes,
    logged,
    options,
    draft: (fault: Fault, more: Partial<Extract<McpServerDraft, { command: string }>> = {}): McpServerDraft => ({
      command: process.execPath,
      args: [SERVER, fault, journal],
      ...more,
    }),
    /** What the servers noted down. */
    noted: async (): Promise<string[]> =>
      (await readFile(journal, 'utf8').catch(() => '')).split('\n').filter((line) => line !== ''),
    pids: options.pids,
    async end() {
      await mcp.drain();
      await mcp.close();
      guardian.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
};

export type TestMcp = Awaited<ReturnType<typeof openTestMcp>>;
