import type { Command } from 'commander';
import { EXIT, reportOf } from './exit.ts';
import type { CliHost } from './host.ts';
import type { CliIo } from './io.ts';
import { buildProgram } from './program.ts';
import type { CreateApp } from './serve/app.ts';
import { serve } from './serve/run.ts';
import { runSession } from './session.ts';
import type { GlobalFlags } from './session.ts';
import { painter } from './text/colors.ts';

const wantsJson = (program: Command): boolean => program.opts<GlobalFlags>().json === true;

/** Runs one command line (without node and script) and resolves with the exit code; everything it says goes through `io`. */
export const runCli = async (argv: readonly string[], io: CliIo, createApp: CreateApp): Promise<number> => {
  let code: number = EXIT.ok;
  const host: CliHost = {
    run: async (handler) => {
      code = await runSession(io, program.opts<GlobalFlags>(), handler);
    },
    serve: async (flags) => {
      code = await serve(io, flags, createApp);
    },
  };
  const program = buildProgram(host, {
    out: (text) => io.stdout.write(text),
    columns: io.stdout.columns,
    colours: io.stdout.isTTY,
  });
  if (argv.length === 0) {
    io.stdout.write(program.helpInformation());
    return EXIT.ok;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return code;
  } catch (error) {
    const report = reportOf(error);
    if (wantsJson(program) && report.json !== null) io.stdout.write(`${JSON.stringify(report.json, null, 2)}\n`);
    else if (report.sentence !== '') {
      const [first = '', ...rest] = report.sentence.split('\n');
      const paint = painter(io.stderr, io.env, program.opts<GlobalFlags>().color !== false);
      io.stderr.write(`${[paint('red', first), ...rest].join('\n')}\n`);
    }
    return report.code;
  }
};
