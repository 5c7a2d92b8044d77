/**
 * The DevTools protocol of one browser over its pipe (messages end with NUL), shared by Playwright, which drives pages, and by our own
 * code, which must see every event first: what we hold back, Playwright never hears of.
 */
import type { Readable, Writable } from 'node:stream';
import type { ConnectOverCDPTransport } from 'playwright-core';

export interface DevToolsEvent {
  method: string;
  params: Record<string, unknown>;
  /** Of the target it came from; undefined for the browser itself. */
  sessionId: string | undefined;
}

export interface DevTools {
  transport: ConnectOverCDPTransport;
  /** Rejects with the browser's own words, or when the pipe ends. */
  send<T = Record<string, unknown>>(method: string, params?: object, sessionId?: string): Promise<T>;
  /** True keeps the event from whoever comes after. */
  onEvent(handler: (event: DevToolsEvent) => boolean): void;
  /** A target that waits to run waits for this too, whoever lets it run. */
  holdStart(sessionId: string, until: Promise<unknown>): void;
}

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
  sessionId?: string;
  result?: unknown;
  error?: { message: string };
}

/** Ids of our own commands begin here; Playwright counts from 1. */
const FIRST_ID = 1_000_000_000;

export const openDevTools = (input: Writable, output: Readable): DevTools => {
  const handlers: ((event: DevToolsEvent) => boolean)[] = [];
  const waiting = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>();
  let nextId = FIRST_ID;
  let ended = false;

  const write = (message: object): void => {
    if (!ended) input.write(`${JSON.stringify(message)}\0`);
  };
  const starts = new Map<string, Promise<unknown>>();
  const pass = (message: Message): void => {
    const until =
      message.method === 'Runtime.runIfWaitingForDebugger' ? starts.get(message.sessionId ?? '') : undefined;
    if (until === undefined) return write(message);
    void until.then(() => write(message));
  };
  const transport: ConnectOverCDPTransport = { send: pass, close: () => undefined };

  const take = (text: string): void => {
    const message = JSON.parse(text) as Message;
    if (message.id !== undefined && message.id >= FIRST_ID) {
      const own = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error !== undefined) own?.reject(new Error(message.error.message));
      else own?.resolve(message.result);
      return;
    }
    if (message.method !== undefined) {
      const event = { method: message.method, params: message.params ?? {}, sessionId: message.sessionId };
      if (handlers.some((handler) => handler(event))) return;
    }
    transport.onmessage?.(message);
  };

  const end = (): void => {
    if (ended) return;
    ended = true;
    for (const { reject } of waiting.values()) reject(new Error('The browser has ended.'));
    waiting.clear();
    transport.onclose?.('The browser has ended.');
  };

  let parts: Buffer[] = [];
  output.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let at = chunk.indexOf(0); at >= 0; at = chunk.indexOf(0, from)) {
      parts.push(chunk.subarray(from, at));
      const text = Buffer.concat(parts).toString('utf8');
      // Each in a turn of its own, as Playwright expects: what it does on an answer is done before the next message comes.
      setImmediate(() => take(text));
      parts = [];
      from = at + 1;
    }
    if (from < chunk.length) parts.push(chunk.subarray(from));
  });
  const endInTurn = (): void => void setImmediate(end);
  output.on('close', endInTurn);
  output.on('error', endInTurn);
  input.on('error', endInTurn);

  return {
    transport,
    send: <T>(method: string, params: object = {}, sessionId?: string) =>
      new Promise<T>((resolve, reject) => {
        if (ended) return reject(new Error('The browser has ended.'));
        const id = nextId++;
        waiting.set(id, { resolve: (result) => resolve(result as T), reject });
        pass({
          id,
          method,
          params: params as Record<string, unknown>,
          ...(sessionId === undefined ? {} : { sessionId }),
        });
      }),
    onEvent: (handler) => handlers.push(handler),
    holdStart: (sessionId, until) => {
      const settled = until.catch(() => undefined);
      starts.set(sessionId, settled);
      void settled.then(() => starts.delete(sessionId));
    },
  };
};
