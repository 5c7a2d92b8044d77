import type { LlamactorClient } from '../client/index.ts';
import { CodedError } from '../contracts/errors.ts';
import { hasRunEnded } from '../contracts/runs.ts';
import type { RunPieceView, RunView } from '../contracts/runs.ts';

/**
 * Resolves with the run when it has ended and all that it wrote has been handed to `onPiece`; `onView` gets every view of it
 * before. Survives a lost connection. Rejects when somebody removed it.
 */
export const followToEnd = async (
  client: LlamactorClient,
  run: RunView,
  onPiece: (piece: RunPieceView) => void,
  onView: (run: RunView) => void,
): Promise<RunView> => {
  const off: (() => void)[] = [];
  const ended = new Promise<RunView>((resolve, reject) => {
    const look = (view: RunView): void => {
      if (view.id !== run.id) return;
      onView(view);
      if (hasRunEnded(view.state)) resolve(view);
    };
    const ask = (): void => {
      client.call('runs:get', { id: run.id }).then(({ run: view }) => look(view), reject);
    };
    off.push(
      client.on('runs:updated', ({ run: view }) => look(view)),
      client.on('runs:removed', ({ runId }) => {
        if (runId === run.id) reject(new CodedError('NOT_FOUND', 'The run was removed by somebody.'));
      }),
      client.onConnection((state) => {
        if (state === 'connected') ask();
      }),
    );
    look(run);
    // It may have ended before anybody listened.
    ask();
  });
  const follower = client.followRun(run.id, 0, onPiece);
  try {
    await follower.ready;
    const view = await ended;
    follower.stop();
    // What was on its way when it ended.
    for (let from = follower.next(), more = true; more;) {
      const rest = await client.call('runs:output', { id: run.id, from });
      for (const piece of rest.pieces) onPiece(piece);
      ({ next: from, more } = rest);
    }
    return view;
  } finally {
    follower.stop();
    for (const end of off) end();
    // Whoever leaves early is not told of the failure that leaving causes.
    ended.catch(() => undefined);
  }
};
