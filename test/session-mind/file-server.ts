/** The addresses of files over a real shelf, on a port of their own. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Access } from '../../src/commands/access.ts';
import type { Services } from '../../src/commands/services.ts';
import type { User } from '../../src/contracts/users.ts';
import { sessionFileRoutes } from '../../src/http/session-files.ts';
import { createTickets } from '../../src/io/media/tickets.ts';
import type { FileShelf } from '../../src/io/sessions/file-shelf.ts';

export interface FileServer {
  url: string;
  /** For an address that says who asks. */
  ticketOf(user: Pick<User, 'userId' | 'email'> | null, expiresAt: number): string;
  /** Who sends the next requests. */
  as(user: Pick<User, 'userId' | 'email'> | null): void;
  close(): Promise<void>;
}

export const startFileServer = async (shelf: FileShelf): Promise<FileServer> => {
  let user: User | null = null;
  const tickets = createTickets();
  const routes = sessionFileRoutes({
    services: { sessionFiles: shelf, media: { tickets }, logs: { write: () => undefined } } as unknown as Services,
    access: { refusal: () => undefined } as unknown as Access,
    identify: () => ({ key: null, user }),
  });
  const server = createServer((request, response) => routes.answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ticketOf: (holder, expiresAt) => tickets.issue(JSON.stringify({ key: null, user: holder }), expiresAt),
    as: (next) => void (user = next as User | null),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
