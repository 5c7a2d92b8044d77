import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Route } from '../../contracts/ipc.ts';
import type { Fields } from '../later.ts';
import type { Lanes } from '../lanes.ts';
import { modelItem, statusWord } from './items.ts';

/** Keeps proxies from taking a quiet stream for a dead one. */
const BEAT_MS = 15_000;
/** A client that has not read this much is let go; it reads the list again when it comes back. */
const MOST_UNREAD_BYTES = 256 * 1024;

/** llama.cpp's `GET /models/sse`: what happens to the models, to everybody who listens. */
export class ModelEvents {
  readonly #clients = new Set<ServerResponse>();
  #beat: NodeJS.Timeout | null = null;

  constructor(lanes: Lanes) {
    lanes.watch((before, after) => this.#changed(before, after));
  }

  listen(req: IncomingMessage, res: ServerResponse): void {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache', 'x-accel-buffering': 'no' });
    res.flushHeaders();
    if (req.method === 'HEAD') return void res.end();
    this.#clients.add(res);
    this.#beat ??= setInterval(() => this.#send(':\n\n'), BEAT_MS).unref();
    res.on('close', () => {
      this.#clients.delete(res);
      if (this.#clients.size > 0 || this.#beat === null) return;
      clearInterval(this.#beat);
      this.#beat = null;
    });
  }

  emit(model: string, event: string, data?: Fields): void {
    if (this.#clients.size === 0) return;
    this.#send(`data: ${JSON.stringify({ model, event, ...(data && { data }) })}\n\n`);
  }

  #changed(before: Route | undefined, after: Route | undefined): void {
    if (this.#clients.size === 0) return;
    if (!before || !after) {
      if (before) this.emit(before.id, 'model_remove');
      this.emit('*', 'models_reload');
      return;
    }
    const status = statusWord(after);
    const failed = after.failure !== null && before.failure === null;
    if (status !== statusWord(before) || failed) {
      this.emit(after.id, 'model_status', { status });
      this.emit(after.id, 'status_change', changeOf(after, status));
    } else if (status === 'loading' && after.progress !== before.progress && after.progress !== null) {
      this.emit(after.id, 'status_change', changeOf(after, status));
    }
  }

  #send(text: string): void {
    for (const client of this.#clients) {
      if (client.writableLength > MOST_UNREAD_BYTES) client.destroy();
      else client.write(text);
    }
  }
}

const changeOf = (route: Route, status: 'unloaded' | 'loading' | 'loaded'): Fields => {
  if (status === 'loaded') return { status, info: modelItem(route) };
  if (status === 'unloaded')
    return route.failure === null
      ? { status, exit_code: 0 }
      : { status, exit_code: 1, failed: true, message: route.failure.message };
  const value = (route.progress ?? 0) / 100;
  return { status, progress: { stages: ['text_model'], current: 'text_model', value } };
};
