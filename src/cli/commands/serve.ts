import type { Command } from 'commander';
import type { CliHost } from '../host.ts';
import type { ServeFlags } from '../serve-options.ts';

const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

export const registerServe = (program: Command, host: CliHost): void => {
  program
    .command('serve')
    .description('run the server: dashboard, sockets and inference API')
    .option('--port <port>', 'dashboard and sockets (PORT, default 3000)')
    .option('--router-port <port>', 'inference API (ROUTER_PORT, default 8080)')
    .option('--host <address>', 'address to listen on (HOST, default 127.0.0.1)')
    .option('--data-dir <folder>', "where everything is kept (LLAMACTOR_DATA_DIR, default the platform's data folder)")
    .option('--models-dir <folder>', 'search this folder for models; may be repeated (LLAMACTOR_MODELS_DIR)', collect)
    .option('--no-web', 'do not serve the dashboard')
    .option('--events', 'print every change and decision as a line of JSON on stdout')
    .option('--no-auth', 'let everyone who reaches the port do everything, without keys')
    .addHelpText(
      'after',
      '\nFlags win over the environment, which wins over the stored configuration. LLAMACTOR_ENGINE_PATH names the\nllama-server to run. Beyond this machine a key is needed (`llamactor key create`). SIGTERM and Ctrl-C stop\ngracefully, SIGHUP searches the models folders again.',
    )
    .action((flags: ServeFlags) => host.serve(flags));
};
