import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { FailureView, ModelView } from '../../contracts/views.ts';
import { ExplainedError } from '../exit.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { bytes, duration } from '../text/format.ts';
import { contextOf, memoryOf } from '../text/model-words.ts';
import { createProgress } from '../text/progress.ts';
import { oneLine } from '../text/sanitize.ts';
import { loadingLabel, watchModel } from '../watch-model.ts';
import { newestMetrics } from './ps.ts';

/** The engine's own last words of this attempt. A failure of an earlier attempt would only mislead. */
const failureSince = async (
  client: LlamactorClient,
  id: string,
  before: FailureView | null,
): Promise<FailureView | null> => {
  try {
    const { failure } = (await client.call('models:get', { modelId: id })).model;
    return failure !== null && failure.at !== before?.at ? failure : null;
  } catch {
    return null;
  }
};

const describe = async (client: LlamactorClient, model: ModelView): Promise<string> => {
  const memory = memoryOf(model, await newestMetrics(client));
  const context = contextOf(model);
  return [memory === null ? '' : `, ${bytes(memory)}`, context === '–' ? '' : `, context ${context}`].join('');
};

const load = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const { model } = await client.call('models:get', { modelId: ref });
  const name = oneLine(model.id);
  session.whenInterrupted(`The server goes on loading ${name}; \`llamactor unload ${name}\` stops that.`);
  const progress = createProgress(session.io.stderr);
  const started = performance.now();
  let finished = false;
  const stopWatching = session.asJson
    ? () => undefined
    : await watchModel(client, model.id, (now) => {
        const label = loadingLabel(now);
        if (label !== null && !finished) progress.update(label, now.progress);
      });
  const stopDecisions = client.on('decisions:updated', ({ decision }) => {
    if (session.asJson || finished || decision.modelId === model.id) return;
    progress.clear();
    session.note(oneLine(decision.reason));
  });
  const settle = (): void => {
    finished = true;
    stopWatching();
    stopDecisions();
    progress.clear();
  };
  session.signal.addEventListener('abort', settle);
  try {
    const result = await client.call('models:load', { modelId: model.id });
    settle();
    if (session.asJson) session.json(result);
    else if (model.state === 'loaded') session.print(`${name} was loaded already.\n`);
    else {
      const took = duration(performance.now() - started);
      session.print(
        `${session.paint('green', name)} is loaded after ${took}${await describe(client, result.model)}.\n`,
      );
    }
  } catch (error) {
    settle();
    if (!(error instanceof CodedError)) throw error;
    const failure = await failureSince(client, model.id, model.failure);
    throw failure === null ? error : new ExplainedError(error, failure.stderr);
  }
};

const unload = async (session: Session, ref: string): Promise<void> => {
  const client = await session.connect();
  const { model } = await client.call('models:get', { modelId: ref });
  const result = await client.call('models:unload', { modelId: model.id });
  if (session.asJson) session.json(result);
  else
    session.print(
      model.state === 'unloaded' ? `${oneLine(model.id)} was not loaded.\n` : `${oneLine(model.id)} is unloaded.\n`,
    );
};

export const registerLoad = (program: Command, host: CliHost): void => {
  program
    .command('load')
    .description('load a model and wait until it can answer')
    .argument('<model>', 'id, file name or alias')
    .action((model: string) => host.run((session) => load(session, model)));
  program
    .command('unload')
    .description('unload a model; streams that use it are ended')
    .argument('<model>', 'id, file name or alias')
    .action((model: string) => host.run((session) => unload(session, model)));
};
