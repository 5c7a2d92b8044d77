/**
 * A real server of the Model Context Protocol on stdin and stdout, with faults by argument: `crash` after its greeting, `hang`
 * without one, `garbage` on stdout, `changing` tools, `stubborn` about leaving, `grandchild` in a session of its own.
 */
import { spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { z } from 'zod';

const [fault = 'good', journal] = process.argv.slice(2);
const note = (text) => journal !== undefined && appendFileSync(journal, `${text}\n`);
note(`started ${process.pid}`);
console.error(`Serving with the token ${process.env.FILES_TOKEN ?? 'none'}`);

if (fault === 'stubborn') process.on('SIGTERM', () => note('not leaving'));
if (fault === 'grandchild') {
  const child = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' });
  note(`grandchild ${child.pid}`);
}
if (fault === 'hang' || fault === 'stubborn') {
  setInterval(() => undefined, 1000);
} else if (fault === 'exit') {
  console.error('The licence has expired.');
  process.exit(3);
} else {
  if (fault === 'garbage') console.log('Welcome to the server of files!\n{"half": ');
  const server = new McpServer({ name: 'files-server', version: '1.2.3' });
  const text = (words) => ({ content: [{ type: 'text', text: words }] });
  server.registerTool(
    'read_file',
    { description: 'Reads a file.', inputSchema: { path: z.string() }, annotations: { readOnlyHint: true } },
    ({ path }) => {
      note(`read ${path}`);
      return text(`The content of ${path}.`);
    },
  );
  server.registerTool(
    'delete_file',
    { description: 'Deletes a file.', inputSchema: { path: z.string() }, annotations: { destructiveHint: true } },
    ({ path }) => {
      note(`deleted ${path}`);
      return text(`${path} is gone.`);
    },
  );
  server.registerTool('fail', { description: 'Fails.' }, () => ({ ...text('The disk is full.'), isError: true }));
  server.registerTool('huge', { description: 'Says much.' }, () => text('much '.repeat(400_000)));
  server.registerTool('environment', { description: 'Names its variables.' }, () =>
    text(Object.keys(process.env).sort().join(' ')),
  );
  server.registerTool('slow', { description: 'Takes its time.' }, async (extra) => {
    note('slow began');
    await delay(60_000, undefined, { signal: extra.signal }).catch(() => note('slow was cancelled'));
    return text('At last.');
  });
  server.registerTool('crash', { description: 'Ends the server.' }, () => {
    console.error('Something went badly wrong.');
    process.exit(7);
  });
  if (fault === 'changing')
    server.registerTool('grow', { description: 'Adds a tool.' }, () => {
      server.registerTool('grown', { description: 'Was not there before.' }, () => text('Here I am.'));
      return text('Grown.');
    });
  await server.connect(new StdioServerTransport());
  if (fault === 'crash') setTimeout(() => process.exit(9), 50);
}
