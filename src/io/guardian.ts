/**
 * A last line of defence: a tiny shell that outlives this process just long enough to kill every process group we started.
 * llama-server ends by itself when its stdin ends, but only once it has loaded, and a script in front of it may not; the
 * guardian makes "no orphans after kill -9" true for them too. Its own stdin is the life line: the kernel closes it when we
 * die, whatever kills us.
 */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';

export interface Guardian {
  /**
   * A variable for the environment of children that may start others in sessions of their own: whatever carries it is killed too
   * (on Linux, which shows environments).
   */
  readonly mark: Readonly<Record<string, string>>;
  /** `pgid` is the process group, equal to the pid of its leader. */
  add(pgid: number): void;
  remove(pgid: number): void;
  /** Ends the guardian; groups still registered are killed. */
  close(): void;
}

/** POSIX shell, so that it costs about a megabyte. Groups are kept as ` 12 34 `; removal cuts ` 12 ` out of it. */
const SCRIPT = `groups=" "
while read -r op id; do
  case "$op" in
    add) groups="$groups$id " ;;
    del) groups="\${groups%% $id *} \${groups#* $id }" ;;
  esac
done
for id in $groups; do kill -KILL "-$id" 2>/dev/null; done
for file in $(grep -lzxF "$0" /proc/[0-9]*/environ 2>/dev/null); do
  id="\${file#/proc/}"
  kill -KILL "\${id%/environ}" 2>/dev/null
done`;

const MARK = 'LLAMACTOR_GUARDIAN';

/** On Windows there are no process groups; there the child protocol alone ends the engines. */
export const startGuardian = (): Guardian => {
  const mark = { [MARK]: randomUUID() };
  if (process.platform === 'win32')
    return { mark, add: () => undefined, remove: () => undefined, close: () => undefined };
  // Its own session: a Ctrl-C in the terminal must not end it before us.
  const shell = spawn('/bin/sh', ['-c', SCRIPT, `${MARK}=${mark[MARK]}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: {},
  });
  shell.on('error', () => undefined);
  shell.stdin.on('error', () => undefined);
  shell.unref();
  const known = new Set<number>();
  return {
    mark,
    add(pgid) {
      known.add(pgid);
      shell.stdin.write(`add ${pgid}\n`);
    },
    remove(pgid) {
      // The shell's cut needs the id to be there exactly once.
      if (known.delete(pgid)) shell.stdin.write(`del ${pgid}\n`);
    },
    close() {
      shell.stdin.end();
    },
  };
};
