import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';

/** A TCP server on a port of its own, to be in the way. */
export const occupy = (): Promise<{ port: number; close: () => Promise<void> }> =>
  new Promise((resolve) => {
    // What is not read never ends, and the server could not close.
    const server: Server = createServer((socket) => socket.resume());
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      resolve({ port, close: () => new Promise((done) => server.close(() => done())) });
    });
  });

/** A port on which nothing listens: taken and given back. */
export const freePort = async (): Promise<number> => {
  const { port, close } = await occupy();
  await close();
  return port;
};
