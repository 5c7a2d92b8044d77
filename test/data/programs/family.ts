import { spawn } from 'node:child_process';

/**
 * Starts a shell in its own process group with a grandchild in it, prints their pids, and stays. With "stubborn" both
 * ignore SIGTERM; with "leader-only" just the shell obeys it, so that the grandchild outlives its leader.
 */
const [kind = 'plain'] = process.argv.slice(2);
// What a shell ignores, the programs it starts ignore from their first moment on.
const scripts: Record<string, string> = {
  plain: 'sleep 300 & echo $$ $!; wait',
  stubborn: `trap '' TERM; sleep 300 & echo $$ $!; wait`,
  'leader-only': `trap '' TERM; sleep 300 & trap - TERM; echo $$ $!; wait`,
};
const child = spawn('sh', ['-c', scripts[kind] ?? 'exit 1'], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
child.stdout.pipe(process.stdout);
