import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError } from '../../contracts/errors.ts';
import { examineMachine, examineServer } from '../doctor/examine.ts';
import { machineProbe } from '../doctor/machine-probe.ts';
import type { Finding, Level } from '../doctor/types.ts';
import { EXIT } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import type { Colour } from '../text/colors.ts';
import { plural } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';

const COLOURS: Record<Level, Colour> = { ok: 'green', warn: 'yellow', fail: 'red' };

/** A server that does not answer is a finding here, not the end. */
const tryConnect = async (session: Session): Promise<LlamactorClient | CodedError> => {
  try {
    return await session.connect();
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
};

const examine = async (session: Session): Promise<Finding[]> => {
  const { io } = session;
  const place = { env: io.env, platform: io.platform, homedir: io.homedir, cwd: io.cwd };
  const client = await tryConnect(session);
  if (!(client instanceof CodedError)) return examineServer(client, machineProbe);
  const findings = await examineMachine(place, machineProbe, session.signal);
  return [...findings, { check: 'server', level: 'warn', message: client.message }];
};

const doctor = async (session: Session): Promise<number> => {
  const findings = await examine(session);
  const failed = findings.filter((finding) => finding.level === 'fail').length;
  if (session.asJson) session.json({ ok: failed === 0, findings });
  else {
    const width = Math.max(...findings.map((finding) => finding.check.length));
    for (const { level, check, message } of findings) {
      session.print(
        `${session.paint(COLOURS[level], level.toUpperCase().padEnd(4))}  ${check.padEnd(width)}  ${oneLine(message)}\n`,
      );
    }
    if (failed > 0) session.note(`${plural(failed, 'check')} failed.`);
  }
  return failed > 0 ? EXIT.failed : EXIT.ok;
};

export const registerDoctor = (program: Command, host: CliHost): void => {
  program
    .command('doctor')
    .description('check this machine and the server, and say what to mend; exit code 1 when a check fails')
    .action(() => host.run(doctor));
};
