/** Other programs that stand before a llama-server, where they are installed. */
import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { removeFolder, stopChild, temporaryFolder, track } from './cleanup.ts';
import { freePort } from './free-port.ts';
import { INSTANT_ENGINE } from './product.ts';
import { chatRequest, inSequence } from './requests.ts';
import { waitUntil } from './wait.ts';
import type { Address } from './requests.ts';

export interface Proxy {
  name: string;
  address: Address;
  /** The process that carries the requests. */
  pid: number;
  stop(): Promise<void>;
}

export const onPath = async (name: string): Promise<string | null> => {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, name);
    const found = await access(path, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && found) return path;
  }
  return null;
};

/** Its workers give up root, but the folder of the sockets is private to its owner. One worker and a pool of connections: what one router process is to be compared with. */
const nginxConf = (folder: string, port: number, socketPath: string): string => `
${process.getuid?.() === 0 ? 'user root root;' : ''}
daemon off; worker_processes 1; pid ${folder}/nginx.pid; error_log ${folder}/error.log;
events { worker_connections 2048; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000; client_max_body_size 300m; client_body_buffer_size 2m;
  upstream engine { server unix:${socketPath}; keepalive 512; keepalive_requests 1000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://engine; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off; }
  }
}
`;

const llamaSwapConf = (model: string): string => `
healthCheckTimeout: 30
logLevel: error
models:
  "${model}":
    cmd: ${INSTANT_ENGINE} --host 127.0.0.1 --port \${PORT} --alias ${model}
    proxy: http://127.0.0.1:\${PORT}
`;

/** The first child of nginx is its only worker; other programs carry the requests themselves. */
const workerOf = async (pid: number): Promise<number> => {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return Number(children.trim().split(' ')[0] ?? '') || pid;
};

/** Starts every known proxy that is installed, before an engine that listens at `socketPath` and serves `model`. */
export const startProxies = async (socketPath: string, model: string): Promise<Proxy[]> => {
  const kinds = [
    {
      name: 'nginx',
      file: 'nginx.conf',
      conf: (folder: string, port: number) => nginxConf(folder, port, socketPath),
      args: (conf: string) => ['-c', conf],
    },
    {
      name: 'llama-swap',
      file: 'llama-swap.yaml',
      conf: () => llamaSwapConf(model),
      args: (conf: string, port: number) => ['--config', conf, '--listen', `127.0.0.1:${port}`],
    },
  ];
  const started: Proxy[] = [];
  for (const { name, file, conf, args } of kinds) {
    const program = await onPath(name);
    if (program === null) continue;
    const folder = await temporaryFolder();
    const port = await freePort();
    const path = join(folder, file);
    await writeFile(path, conf(folder, port));
    const child = track(spawn(program, args(path, port), { stdio: ['ignore', 'ignore', 'pipe'] }));
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(-2000)));
    const address = { host: '127.0.0.1', port };
    await waitUntil(`The first answer of ${name}`, async () => {
      if (child.exitCode !== null) throw new Error(`${name} ended at its start: ${said}`);
      return inSequence(address, chatRequest(model, { max_tokens: 1 }), 1).catch((error: unknown) => {
        said = String(error);
        return null;
      });
    });
    started.push({
      name,
      address,
      pid: name === 'nginx' ? await workerOf(child.pid as number) : (child.pid as number),
      stop: async () => {
        await stopChild(child);
        await removeFolder(folder);
      },
    });
  }
  return started;
};
