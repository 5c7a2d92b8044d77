/** The live view: frames of the page that is driven, while somebody looks. */
import type { SessionFrame } from '../../contracts/sessions.ts';
import type { DevTools } from './devtools.ts';

type Frame = Omit<SessionFrame, 'id'>;
type Listener = (frame: Frame) => void;

export interface LiveView {
  watch(listener: Listener): () => void;
  /** Which page of which browser is shown from now on; null is none. */
  show(place: { devtools: DevTools; sessionId: string } | null): void;
}

const EVERY_MS = 200;
const QUALITY = 60;

export const liveView = (viewport: { width: number; height: number }, now: () => number): LiveView => {
  const listeners = new Set<Listener>();
  const attached = new WeakSet<DevTools>();
  let shown: { devtools: DevTools; sessionId: string } | null = null;
  let last: Frame | null = null;
  let running = false;
  let timer: NodeJS.Timeout | null = null;
  let toldAt = 0;

  const start = (): void => {
    if (running || shown === null || listeners.size === 0) return;
    running = true;
    const { devtools, sessionId } = shown;
    attach(devtools);
    devtools
      .send(
        'Page.startScreencast',
        { format: 'jpeg', quality: QUALITY, maxWidth: viewport.width, maxHeight: viewport.height },
        sessionId,
      )
      .catch(() => undefined);
  };
  const stop = (): void => {
    if (!running || shown === null) return;
    running = false;
    shown.devtools.send('Page.stopScreencast', {}, shown.sessionId).catch(() => undefined);
  };

  const tell = (): void => {
    timer = null;
    if (last === null) return;
    toldAt = performance.now();
    for (const listener of listeners) listener(last);
  };
  /** The newest at each moment, and the last one always. */
  const take = (jpeg: string): void => {
    last = { at: now(), jpeg, ...viewport };
    timer ??= setTimeout(tell, Math.max(0, toldAt + EVERY_MS - performance.now())).unref();
  };

  const attach = (devtools: DevTools): void => {
    if (attached.has(devtools)) return;
    attached.add(devtools);
    devtools.onEvent(({ method, params, sessionId }) => {
      if (method !== 'Page.screencastFrame') return false;
      // Late, so that the browser does not draw more than is looked at; a few it sends without waiting for this.
      setTimeout(() => {
        devtools.send('Page.screencastFrameAck', { sessionId: params['sessionId'] }, sessionId).catch(() => undefined);
      }, EVERY_MS).unref();
      if (running && sessionId === shown?.sessionId && devtools === shown?.devtools) take(params['data'] as string);
      return true;
    });
  };

  return {
    watch: (listener) => {
      // Each call is a listener of its own, also when the function is the same.
      const own: Listener = (frame) => listener(frame);
      listeners.add(own);
      if (running && last !== null) own(last);
      start();
      return () => {
        listeners.delete(own);
        if (listeners.size === 0) {
          stop();
          last = null;
          if (timer !== null) clearTimeout(timer);
          timer = null;
        }
      };
    },
    show: (place) => {
      if (place?.sessionId === shown?.sessionId && place?.devtools === shown?.devtools) return;
      stop();
      shown = place;
      running = false;
      start();
    },
  };
};
