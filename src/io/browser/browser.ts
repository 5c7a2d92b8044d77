/** A session's browser, as whoever drives it sees it. Chromium is one implementation. */
import type { SessionDownloadView, SessionFrame, SessionInput, SessionPageView } from '../../contracts/sessions.ts';

export interface BrowserOptions {
  /** Of the session; marks the process. */
  id: string;
  /** An executable, or empty for one that is found. */
  executable: string;
  /** Absolute folder of this browser's profile, nobody else's; deleted with it. */
  profile: string;
  /** Absolute folder for downloads. */
  downloads: string;
  viewport: { width: number; height: number };
  locale: string;
  /** Asked anew for each connection, so that a change of configuration counts at once. */
  network(): NetworkRules;
  /** Most bytes of one response and of all downloads together. */
  mostBytes(): number;
  /**
   * Asked before a page of a site is opened that was not open before, however it comes to it; the request is held meanwhile, and the
   * time does not count against the action's deadline.
   */
  mayVisit(url: string): Promise<Allowed>;
  /** Where it was before; opened when the browser is started again. */
  startUrl: string | null;
  on(event: BrowserEvent): void;
}

export interface NetworkRules {
  /** Host patterns as in the configuration. */
  allow: readonly string[];
  deny: readonly string[];
  allowPrivate: readonly string[];
}

export interface Allowed {
  allowed: boolean;
  /** One sentence; null for a plain yes. */
  why: string | null;
}

export type BrowserEvent =
  | { type: 'page'; page: SessionPageView }
  /** Something was not let through: an address, a download, a dialogue that would not end. */
  | { type: 'refused'; what: string; why: string }
  /** A file that was kept, under this name in the folder of downloads; its `url` is where it came from. */
  | { type: 'download'; file: SessionDownloadView }
  | { type: 'dialog'; kind: string; message: string }
  | { type: 'crashed'; message: string }
  /** Runs again after a crash, with its page. */
  | { type: 'restored' };

/** What consent is decided on. */
export interface ElementFacts {
  ref: string;
  role: string;
  /** Accessible name. */
  name: string;
  tag: string;
  /** Of an input. */
  inputType: string | null;
  /** Absolute, where a click would lead. */
  href: string | null;
  /** A click on it (a button), or Enter in it (a text field), sends a form. */
  submits: boolean;
  /** The form it belongs to. */
  form: { action: string; method: string; hasPassword: boolean; text: string } | null;
  /** A click starts a download as far as the page says. */
  downloads: boolean;
  /** In CSS pixels of the viewport; null when it is not shown. */
  box: { x: number; y: number; width: number; height: number } | null;
}

export interface Done {
  /** For the model: what happened, in a few lines. */
  text: string;
  page: SessionPageView | null;
}

/**
 * Every action rejects with a BrowserProblem, has a deadline of its own (30 s), and ends at once when `signal` is aborted. After an
 * action the page has settled as far as it will within a few seconds.
 */
export interface SessionBrowser {
  page(): SessionPageView | null;
  /** The page as text with references, at most `most` characters from `from` on. */
  read(from: number, most: number, signal: AbortSignal): Promise<Done>;
  /** STALE_REF when the page has changed so that there is no such element. */
  facts(ref: string, signal: AbortSignal): Promise<ElementFacts>;
  navigate(url: string, signal: AbortSignal): Promise<Done>;
  click(ref: string, signal: AbortSignal): Promise<Done>;
  type(ref: string, text: string, submit: boolean, signal: AbortSignal): Promise<Done>;
  press(key: string, signal: AbortSignal): Promise<Done>;
  scroll(direction: 'down' | 'up' | 'top' | 'bottom', signal: AbortSignal): Promise<Done>;
  select(ref: string, values: readonly string[], signal: AbortSignal): Promise<Done>;
  back(signal: AbortSignal): Promise<Done>;
  wait(options: { text?: string | undefined; seconds: number }, signal: AbortSignal): Promise<Done>;
  download(ref: string, signal: AbortSignal): Promise<Done>;
  upload(ref: string, file: { path: string; name: string }, signal: AbortSignal): Promise<Done>;
  /** PNG of the viewport; `mark` draws a frame around that element, for a person who decides. */
  screenshot(
    options: { mark?: ElementFacts['box'] },
    signal: AbortSignal,
  ): Promise<{ png: Buffer; width: number; height: number }>;
  /** What a person does by hand. */
  input(input: SessionInput, signal: AbortSignal): Promise<void>;
  /** Frames while they change, a few in a second, until the returned function is called. Without a listener there are none. */
  watch(listener: (frame: Omit<SessionFrame, 'id'>) => void): () => void;
  /** Resolves when no process of it is left, within a second. Never rejects. */
  close(): Promise<void>;
}

export type BrowserProblemCode =
  'NO_BROWSER' | 'NOT_ALLOWED' | 'STALE_REF' | 'NOT_POSSIBLE' | 'UNREACHABLE' | 'TIMEOUT' | 'CRASHED' | 'ABORTED';

/** `message` is one sentence that the model and the person can act on. */
export class BrowserProblem extends Error {
  readonly code: BrowserProblemCode;

  constructor(code: BrowserProblemCode, message: string) {
    super(message);
    this.name = 'BrowserProblem';
    this.code = code;
  }
}

/** Resolves when it can be used; rejects with a BrowserProblem. */
export type OpenBrowser = (options: BrowserOptions, signal: AbortSignal) => Promise<SessionBrowser>;
