import { PassThrough, Writable } from 'node:stream';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import type { Call } from '../../mcp/call.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { VERSION } from '../version.ts';

/**
 * Connects at the first call and again after the connection was lost: an assistant starts this program with itself, perhaps long
 * before the server, and keeps it through the server's restarts.
 */
const calls = (session: Session): Call => {
  let connected: Promise<LlamactorClient> | null = null;
  const connect = async (): Promise<LlamactorClient> => {
    try {
      const client = await session.connect();
      client.onConnection((state) => {
        if (state !== 'disconnected') return;
        connected = null;
        client.close();
      });
      return client;
    } catch (error) {
      connected = null;
      throw error;
    }
  };
  return async (name, input) => {
    connected ??= connect();
    return (await connected).call(name, input);
  };
};

/** Speaks the protocol on stdin and stdout until stdin ends; whatever else is to be said goes to stderr. */
const mcp = async (session: Session): Promise<void> => {
  // Loaded only here: no other command needs it.
  const [{ StdioServerTransport }, { createMcpServer }] = await Promise.all([
    import('@modelcontextprotocol/sdk/server/stdio.js'),
    import('../../mcp/server.ts'),
  ]);
  const input = session.io.stdin.pipe(new PassThrough());
  const output = new Writable({
    decodeStrings: false,
    write: (text: string, _encoding, done) => {
      session.io.stdout.write(text);
      done();
    },
  });
  const ended = new Promise<void>((resolve) => input.once('end', resolve));
  const server = createMcpServer(calls(session), VERSION);
  server.server.onerror = (error) => session.note(`A message could not be understood: ${error.message}`);
  await server.connect(new StdioServerTransport(input, output));
  await ended;
  await server.close();
};

export const registerMcp = (program: Command, host: CliHost): void => {
  program
    .command('mcp')
    .description('let an assistant operate the server: speaks the Model Context Protocol on stdin and stdout')
    .action(() => host.run(mcp));
};
