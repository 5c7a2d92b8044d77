/** A session's browser in memory: pages by address, elements with facts, and faults that a test sets. */
import { BrowserProblem } from '../../src/io/browser/browser.ts';
import type { BrowserOptions, Done, ElementFacts, OpenBrowser, SessionBrowser } from '../../src/io/browser/browser.ts';

/** One pixel. */
export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export const element = (over: Partial<ElementFacts> & { ref: string }): ElementFacts => ({
  role: 'button',
  name: over.ref,
  tag: 'button',
  inputType: null,
  href: null,
  submits: false,
  form: null,
  downloads: false,
  box: { x: 1, y: 2, width: 3, height: 4 },
  ...over,
});

export interface FakeBrowsers {
  open: OpenBrowser;
  /** Of those that were opened and not closed. */
  alive: Set<string>;
  opened: string[];
  /** What was done, in order: "click e1". */
  done: string[];
  elements: Map<string, ElementFacts>;
  options: Map<string, BrowserOptions>;
  /** Actions wait until the returned function is called. */
  hold(): () => void;
  /** The next browser cannot be opened. */
  refuseNext(message: string): void;
  frame(id: string): void;
}

export const createFakeBrowsers = (): FakeBrowsers => {
  const alive = new Set<string>();
  const opened: string[] = [];
  const done: string[] = [];
  const elements = new Map<string, ElementFacts>();
  const all = new Map<string, BrowserOptions>();
  const listeners = new Map<string, Set<Parameters<SessionBrowser['watch']>[0]>>();
  let gate: Promise<void> = Promise.resolve();
  let refusal: string | null = null;

  const open: OpenBrowser = async (options, signal) => {
    const { id } = options;
    all.set(id, options);
    await gate;
    signal.throwIfAborted();
    if (refusal !== null) {
      const message = refusal;
      refusal = null;
      throw new BrowserProblem('NO_BROWSER', message);
    }
    alive.add(id);
    opened.push(id);
    let page = options.startUrl === null ? null : { url: options.startUrl, title: 'Start' };

    const act = async (what: string, abort: AbortSignal, text = `Did ${what}.`): Promise<Done> => {
      const aborted = new Promise<never>((_resolve, reject) => {
        abort.addEventListener('abort', () => reject(new BrowserProblem('ABORTED', 'It was aborted.')), { once: true });
      });
      aborted.catch(() => undefined);
      await Promise.race([gate, aborted]);
      abort.throwIfAborted();
      if (!alive.has(id)) throw new BrowserProblem('NO_BROWSER', 'The browser is closed.');
      done.push(what);
      return { text, page };
    };
    return {
      page: () => page,
      read: (from, _most, abort) => act(`read ${from}`, abort, page === null ? 'No page.' : `Page ${page.url}`),
      facts: (ref) => {
        const facts = elements.get(ref);
        return facts === undefined
          ? Promise.reject(new BrowserProblem('STALE_REF', `There is no element ${ref}; read the page again.`))
          : Promise.resolve(facts);
      },
      async navigate(url, abort) {
        const { allowed, why } = await options.mayVisit(url);
        if (!allowed) throw new BrowserProblem('NOT_ALLOWED', why ?? 'It may not be opened.');
        const result = await act(`navigate ${url}`, abort);
        page = { url, title: `Title of ${url}` };
        options.on({ type: 'page', page });
        return { ...result, page };
      },
      click: (ref, abort) => act(`click ${ref}`, abort),
      type: (ref, text, submit, abort) => act(`type ${ref} ${text}${submit ? ' ⏎' : ''}`, abort),
      press: (key, abort) => act(`press ${key}`, abort),
      scroll: (direction, abort) => act(`scroll ${direction}`, abort),
      select: (ref, values, abort) => act(`select ${ref} ${values.join()}`, abort),
      back: (abort) => act('back', abort),
      wait: (_options, abort) => act('wait', abort),
      download: (ref, abort) => act(`download ${ref}`, abort),
      upload: (ref, file, abort) => act(`upload ${ref} ${file.name}`, abort),
      screenshot: () => Promise.resolve({ png: PNG, width: 1, height: 1 }),
      input: (input, abort) => act(`hand ${input.kind}`, abort).then(() => undefined),
      watch(listener) {
        const own = listeners.get(id) ?? new Set();
        listeners.set(id, own.add(listener));
        return () => void own.delete(listener);
      },
      close() {
        alive.delete(id);
        return Promise.resolve();
      },
    };
  };

  return {
    open,
    alive,
    opened,
    done,
    elements,
    options: all,
    hold() {
      let release = (): void => undefined;
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    refuseNext: (message) => void (refusal = message),
    frame(id) {
      for (const listener of listeners.get(id) ?? [])
        listener({ at: 1, jpeg: PNG.toString('base64'), width: 1, height: 1 });
    },
  };
};
