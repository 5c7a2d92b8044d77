/** What the rest of the server knows about an engine, and what a source of engines must offer. */
import type { EngineProgressView } from '../../contracts/views.ts';

export type EngineOrigin = 'configured' | 'path' | 'installed';

/** A llama-server that has been run once and answered. */
export interface EngineInfo {
  /** The llama-server file itself, for people to read. */
  path: string;
  /** What is executed. Differs from `path` when the engine needs its own dynamic loader. */
  command: string;
  /**
   * Arguments that come before llama-server's own, for example
   * `['--argv0', 'llama-server', '--library-path', dir, dir + '/llama-server']` when `command` is a loader.
   */
  prefixArgs: string[];
  source: EngineOrigin;
  /** "0.7.0", or "b6469" for builds that only number themselves; null when the engine does not say. */
  version: string | null;
  build: number | null;
  /** Long and short flags listed by `--help`, dashes included; empty when the engine lists none. */
  flags: ReadonlySet<string>;
  /** The stdin/stdout line protocol of router children is expected to work; see {@link expectsChildProtocol}. */
  childProtocol: boolean;
}

export type EngineProgress = EngineProgressView;

/** Files of a finished engine, relative to its folder, with `/` between parts. */
export interface EngineLayout {
  /** The llama-server executable. */
  server: string;
  /** The dynamic loader that must start it, or null when it starts by itself. */
  loader: string | null;
}

export interface SourceContext {
  /** Empty private folder that becomes the engine's folder when the source is done. */
  folder: string;
  /** Empty private folder for whatever is needed on the way; removed afterwards. */
  scratch: string;
  /** Folder that outlives a failed install; holds partial downloads. */
  downloads: string;
  signal: AbortSignal;
  report: (progress: EngineProgress) => void;
}

/** One way to get an engine. `fetch` rejects with an Error whose message is one sentence a person can act on. */
export interface EngineSource {
  /** Shown to people, for example "llama.cpp's releases on GitHub". */
  name: string;
  /** Fills `context.folder`. Returns the layout and a short label, for example "debian-0.7.0". */
  fetch(context: SourceContext): Promise<{ layout: EngineLayout; label: string }>;
}
