import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FromRouter } from '../contracts/ipc.ts';

type Outcome = Extract<FromRouter, { type: 'listening' | 'listen.failed' }>;

const explain = (code: string, host: string, port: number): string => {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} on ${host} is already taken: stop the program that uses it, or choose another routerPort.`;
    case 'EACCES':
      return `Listening on port ${port} of ${host} is not permitted: choose a routerPort above 1023.`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} is not an address of this machine: choose another host, for example 127.0.0.1.`;
    default:
      return `Listening on ${host}:${port} failed (${code}): choose another host or routerPort.`;
  }
};

/** Starts listening and tells how it went, once. */
export const listen = (server: Server, host: string, port: number, tell: (outcome: Outcome) => void): void => {
  const onError = (error: NodeJS.ErrnoException): void => {
    server.off('listening', onListening);
    const code = error.code ?? 'UNKNOWN';
    tell({ type: 'listen.failed', code, message: explain(code, host, port) });
  };
  const onListening = (): void => {
    server.off('error', onError);
    tell({ type: 'listening', host, port: (server.address() as AddressInfo).port });
  };
  server.once('error', onError);
  server.once('listening', onListening);
  server.listen({ host, port });
};
