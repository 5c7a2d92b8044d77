import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { Upstream } from '../contracts/ipc.ts';
import { encodeRequest, sendBody } from './engine-request.ts';
import type { EngineRequest } from './engine-request.ts';
import { ResponseParser } from './response-parser.ts';
import type { ResponseHead, ResponseHeaders } from './response-head.ts';

/** The engine closes idle connections after 5 s and announces it; without an announcement this is assumed. */
const KEEP_ALIVE_MS = 4_000;
/** Taken off the announced time, so that a request never meets a connection that is just being closed. */
const KEEP_ALIVE_MARGIN_MS = 2_000;
const CONNECT_TIMEOUT_MS = 5_000;
const CONNECT_RETRY_MS = 5;
const READ_BYTES = 64 * 1024;

/**
 * Every socket reads into this: what was read is taken over before the next read of any of them, and an allocation of 64 KiB
 * for each read costs more than the copy of the few hundred bytes that it mostly holds.
 */
const readBuffer = Buffer.allocUnsafeSlow(READ_BYTES);

/** The running exchange, for whoever receives the answer. */
export interface Exchange {
  /** Closes the connection, which is what makes an engine stop generating; `onResponseError` follows. */
  abort(error: Error): void;
  pause(): void;
  resume(): void;
}

/** Receives one answer. */
export interface ResponseHandler {
  onRequestStart(exchange: Exchange): void;
  onResponseStart(exchange: Exchange, status: number, headers: ResponseHeaders): void;
  /** `last` when the answer ends with this chunk; `onResponseEnd` follows all the same. */
  onResponseData(exchange: Exchange, chunk: Buffer, last: boolean): void;
  onResponseEnd(exchange: Exchange): void;
  onResponseError(exchange: Exchange | null, error: Error): void;
}

const closedEarly = (): Error => Object.assign(new Error('the engine closed the connection'), { code: 'ECONNRESET' });

/**
 * One connection to an engine, carrying one HTTP/1.1 request at a time. It is written for this hot path alone, between two
 * processes of one machine, and costs a third of a general client. A socket is opened when it is needed and not trusted any
 * more after anything unexpected.
 */
export class EngineConnection implements Exchange {
  /** Answers that the current socket has carried. */
  served = 0;
  readonly #upstream: Upstream;
  readonly #hostHeader: string;
  #socket: Socket | null = null;
  #handler: ResponseHandler | null = null;
  #parser: ResponseParser | null = null;
  #paused = false;
  /** The request's body is on its way still. */
  #sending = false;
  #idleSince = 0;
  #idleLimitMs = 0;

  constructor(upstream: Upstream) {
    this.#upstream = upstream;
    this.#hostHeader = 'socketPath' in upstream ? 'localhost' : hostOf(upstream.host, upstream.port);
  }

  /** Sends one request; the handler is called until `onResponseEnd` or `onResponseError`. */
  dispatch(request: EngineRequest, handler: ResponseHandler): void {
    if (this.isStale(performance.now())) this.#drop();
    this.#handler = handler;
    this.#parser = new ResponseParser(
      {
        head: (head) => this.#onHead(head),
        data: (bytes, last) => this.#handler?.onResponseData(this, bytes, last),
      },
      request.method !== 'HEAD',
    );
    this.#paused = false;
    handler.onRequestStart(this);
    // Aborted in that moment.
    if (this.#handler !== handler) return;
    try {
      const bytes = encodeRequest(request, this.#hostHeader);
      if (this.#socket) this.#send(this.#socket, bytes, request);
      else this.#connect((socket) => this.#send(socket, bytes, request));
    } catch (error) {
      this.#fail(error as Error);
    }
  }

  /** True when the socket has been idle for so long that the engine may be closing it. */
  isStale(now: number): boolean {
    return this.#socket !== null && this.#handler === null && now - this.#idleSince > this.#idleLimitMs;
  }

  /** Closes the socket; a running exchange fails. */
  destroy(): void {
    if (this.#handler) this.abort(new Error('the connection was given up'));
    else this.#drop();
  }

  abort(error: Error): void {
    if (this.#handler) this.#fail(error);
  }

  pause(): void {
    this.#paused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket?.resume();
  }

  /**
   * A full accept queue on a unix socket shows as EAGAIN at once, where TCP would just wait (the engine's queue holds few). So
   * the connection is tried again within the usual time.
   */
  #connect(use: (socket: Socket) => void): void {
    const handler = this.#handler;
    const giveUpAt = performance.now() + CONNECT_TIMEOUT_MS;
    this.served = 0;
    const attempt = (): void => {
      if (this.#handler !== handler) return;
      const socket: Socket = connect({
        ...('socketPath' in this.#upstream
          ? { path: this.#upstream.socketPath }
          : { host: this.#upstream.host, port: this.#upstream.port }),
        noDelay: true,
        onread: { buffer: readBuffer, callback: (size): boolean => this.#onRead(socket, size) },
      });
      this.#socket = socket;
      let connected = false;
      const late = setTimeout(() => {
        socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }));
      }, CONNECT_TIMEOUT_MS);
      socket.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(late);
        if (this.#socket !== socket) return;
        if (error.code === 'EAGAIN' && !connected && performance.now() < giveUpAt) {
          this.#drop();
          setTimeout(attempt, CONNECT_RETRY_MS);
        } else this.#fail(error);
      });
      socket.on('end', () => this.#onEnd(socket));
      socket.on('close', () => {
        clearTimeout(late);
        this.#onEnd(socket);
      });
      socket.on('connect', () => {
        connected = true;
        clearTimeout(late);
        if (this.#socket === socket && this.#handler === handler) use(socket);
      });
    };
    attempt();
  }

  #send(socket: Socket, head: string, request: EngineRequest): void {
    const handler = this.#handler;
    this.#sending = true;
    const stillWanted = (): boolean => this.#handler === handler && this.#socket === socket;
    sendBody(socket, head, request.body, stillWanted, (error) => {
      if (!stillWanted()) return;
      if (error) this.#fail(error);
      else this.#sending = false;
    });
  }

  /** Returns whether reading goes on. */
  #onRead(socket: Socket, size: number): boolean {
    if (this.#socket !== socket) return false;
    const parser = this.#parser;
    if (!parser) {
      // Nothing was asked for: whatever it says cannot be an answer.
      this.#drop();
      return false;
    }
    try {
      parser.feed(readBuffer.subarray(0, size));
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    if (parser.done && this.#parser === parser) this.#complete(parser);
    return !this.#paused;
  }

  #onHead(head: ResponseHead): void {
    this.#handler?.onResponseStart(this, head.status, head.headers);
  }

  #onEnd(socket: Socket): void {
    if (this.#socket !== socket) return;
    const parser = this.#parser;
    if (!parser) this.#drop();
    else if (parser.finish()) this.#complete(parser);
    else this.#fail(closedEarly());
  }

  #complete(parser: ResponseParser): void {
    const handler = this.#handler;
    const answer = parser.answer;
    this.#handler = null;
    this.#parser = null;
    if (answer?.keepAlive !== true || this.#sending) {
      this.#drop();
    } else {
      this.served++;
      if (this.#paused) this.resume();
      this.#idleSince = performance.now();
      this.#idleLimitMs = Math.max(
        0,
        Math.min(answer.idleMs ?? Infinity, KEEP_ALIVE_MS + KEEP_ALIVE_MARGIN_MS) - KEEP_ALIVE_MARGIN_MS,
      );
    }
    handler?.onResponseEnd(this);
  }

  #fail(error: Error): void {
    const handler = this.#handler;
    this.#handler = null;
    this.#parser = null;
    this.#drop();
    handler?.onResponseError(this, error);
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#sending = false;
    socket?.destroy();
  }
}

const hostOf = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
