/** The real sessions over documents in memory, browsers in memory and a model that says what a test tells it to. */
import type { DomainChange } from '../../src/commands/services.ts';
import type { Config } from '../../src/contracts/config.ts';
import { SessionsDocument } from '../../src/contracts/session-record.ts';
import type { ToolCall } from '../../src/contracts/session-tools.ts';
import type { SessionFileView } from '../../src/contracts/sessions.ts';
import type { Mind, Situation, Thought } from '../../src/io/sessions/mind.ts';
import type { SessionFiles } from '../../src/io/sessions/session-files.ts';
import type { Approvals } from '../../src/runtime/approvals/approvals.ts';
import { createSessions } from '../../src/runtime/sessions/sessions.ts';
import type { Sessions } from '../../src/runtime/sessions/sessions.ts';
import { createFakeBrowsers } from './fake-browser.ts';
import type { FakeBrowsers } from './fake-browser.ts';

/** What the model answers: a call, a fault in words, or whatever a function makes of the situation. */
export type Line = ToolCall | string | Error | ((situation: Situation) => ToolCall | Promise<ToolCall>);

export interface MemorySessions {
  service: Sessions;
  browsers: FakeBrowsers;
  /** The next answers, one after the other; without any the model thinks for ever. */
  script(...lines: Line[]): void;
  /** What the model was asked, in order. */
  situations: Situation[];
  /** Every session thinks, waits or has ended. */
  isQuiet(): boolean;
  stored(): SessionsDocument;
  /** Lines of a transcript as they would be on disk. */
  lines(id: string): string[];
  /** The next write of a transcript or the document fails. */
  refuseNext(what: 'transcript' | 'document'): void;
  addFile(owner: string, fileName?: string): SessionFileView;
}

const never = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });

const thought = (over: Partial<Thought>): Thought => ({
  words: '',
  thought: '',
  call: null,
  problem: null,
  summary: null,
  model: 'scripted',
  usage: { inputTokens: 10, outputTokens: 2 },
  ...over,
});

export const createMemorySessions = (options: {
  publish(change: DomainChange): void;
  subscribe: Parameters<typeof createSessions>[0]['hub']['subscribe'];
  approvals: Approvals;
  config(): Config;
  /** What an earlier server left. */
  initial?: SessionsDocument;
  initialLines?: ReadonlyMap<string, string[]>;
}): MemorySessions => {
  let document = structuredClone(options.initial ?? { sessions: [] });
  const refusals = new Set<'transcript' | 'document'>();
  const written = new Map<string, string[]>([...(options.initialLines ?? [])].map(([id, lines]) => [id, [...lines]]));
  const pictures = new Map<string, Buffer>();
  const browsers = createFakeBrowsers();
  const script: Line[] = [];
  let wake: (() => void)[] = [];
  let made = 0;
  let thinking = 0;
  const situations: Situation[] = [];
  const shelf: (SessionFileView & { owner: string })[] = [];
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const refused = (what: 'transcript' | 'document'): void => {
    if (refusals.delete(what)) throw new Error('The disk is full.');
  };

  const mind: Mind = async (situation, { signal }) => {
    situations.push(structuredClone({ ...situation, sights: [] }));
    thinking += 1;
    try {
      while (script.length === 0)
        await Promise.race([new Promise<void>((resolve) => wake.push(resolve)), never(signal)]);
    } finally {
      thinking -= 1;
    }
    const line = script.shift() as Line;
    if (line instanceof Error) throw line;
    if (typeof line === 'string') return thought({ problem: line });
    return thought({ words: 'So be it.', call: typeof line === 'function' ? await line(situation) : line });
  };
  const files: SessionFiles = {
    openTranscript(id) {
      const lines = written.get(id) ?? [];
      written.set(id, lines);
      return Promise.resolve({
        lines: [...lines],
        log: {
          size: 0,
          async append(line, onDurable) {
            await turn();
            refused('transcript');
            lines.push(line);
            onDurable();
          },
          rewrite: () => Promise.resolve(),
          close: () => Promise.resolve(),
        },
      });
    },
    savePicture(id, name, png) {
      pictures.set(`${id}/${name}`, png);
      return Promise.resolve();
    },
    picture: (id, name) => `/nowhere/${id}/pictures/${name}`,
    download: (id, name) => `/nowhere/${id}/downloads/${name}`,
    downloads: (id) => `/nowhere/${id}/downloads`,
    profile: (id) => `/nowhere/${id}/profile`,
    remove(id) {
      written.delete(id);
      return Promise.resolve();
    },
    list: () => Promise.resolve([...written.keys()]),
  };
  const service = createSessions({
    store: {
      get: () => document,
      async update(recipe) {
        await turn();
        refused('document');
        const draft = structuredClone(document);
        document = SessionsDocument.parse(recipe(draft) ?? draft);
      },
      close: () => Promise.resolve(),
    },
    files,
    shelf: {
      list: (owner) => shelf.filter((file) => file.owner === owner).map(({ owner: _, ...file }) => file),
      find(fileId, owner) {
        const found = shelf.find((file) => file.fileId === fileId && file.owner === owner);
        if (found === undefined) return undefined;
        const { owner: _, ...file } = found;
        return file;
      },
      read: (fileId) => Promise.resolve(`Text of ${fileId}`),
      pathOf: (fileId) => `/nowhere/${fileId}`,
    },
    openBrowser: browsers.open,
    mind,
    approvals: options.approvals,
    config: options.config,
    hub: { publish: options.publish, subscribe: options.subscribe },
    log: () => undefined,
    now: Date.now,
    newId: () => `session-${(made += 1)}`,
  });
  return {
    service,
    browsers,
    script(...lines) {
      script.push(...lines);
      const woken = wake;
      wake = [];
      for (const each of woken) each();
    },
    situations,
    isQuiet() {
      const views = document.sessions.map(({ id, owner }) => service.get(id, owner));
      const working = views.filter(({ status }) => status === 'init' || status === 'running');
      return working.length === thinking;
    },
    stored: () => document,
    lines: (id) => written.get(id) ?? [],
    refuseNext: (what) => void refusals.add(what),
    addFile(owner, fileName = 'notes.txt') {
      const fileId = `file-${shelf.length + 1}`;
      const file: SessionFileView = {
        ...{ fileId, fileName, contentType: 'text/plain', mimeType: 'text/plain', size: 5, fileSize: 5 },
        ...{ kind: 'text', url: `/sessions/files/${fileId}`, createdAt: 1 },
      };
      shelf.unshift({ ...file, owner });
      return file;
    },
  };
};
