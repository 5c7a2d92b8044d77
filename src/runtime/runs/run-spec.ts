/** From a run's record to the process that it becomes: command, folder, environment and input. */
import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Config } from '../../contracts/config.ts';
import { answeringModel, NO_MODEL } from '../../contracts/answering-model.ts';
import { CodedError } from '../../contracts/errors.ts';
import type { RunRecord } from '../../contracts/run-record.ts';
import type { ModelView, RouterView } from '../../contracts/views.ts';
import { childEnvironment } from '../../io/engine/child-environment.ts';
import type { RunSpec } from '../../io/runs/run-process.ts';
import type { RunTool } from './run-tools.ts';

export interface RunSpecSources {
  config(): Pick<Config, 'runs.directories' | 'runs.environment' | 'runs.model'>;
  env: NodeJS.ProcessEnv;
  models: { list(): ModelView[]; find(ref: string): ModelView | undefined; nearest(ref: string): string[] };
  router(): RouterView;
  /** A key for the router, where it needs one. */
  routerKey(): string | null;
}

/** Real path of a folder in which a run may work. Throws INVALID_PAYLOAD that says how to allow one. */
export const allowedFolder = async (wanted: string, allowed: readonly string[]): Promise<string> => {
  if (!path.isAbsolute(wanted))
    throw new CodedError('INVALID_PAYLOAD', `The working directory must be a whole path, but is "${wanted}".`);
  const real = await realpath(wanted).catch(() => null);
  const isFolder = real !== null && (await stat(real)).isDirectory();
  // Whether it exists is told only of folders that are allowed.
  for (const root of await Promise.all(allowed.map((folder) => realpath(path.resolve(folder)).catch(() => null)))) {
    if (root === null) continue;
    if (real !== null && isFolder && isWithin(root, real)) return real;
    if (real === null && isWithin(root, path.normalize(wanted)))
      throw new CodedError('INVALID_PAYLOAD', `There is no folder ${wanted}.`);
  }
  const which = allowed.length === 0 ? 'no folder is allowed yet' : `allowed are ${allowed.join(', ')}`;
  throw new CodedError(
    'INVALID_PAYLOAD',
    `Runs may not work in ${wanted}: ${which}. Add it with \`llamactor config set runs.directories\`, or leave the folder out.`,
  );
};

const isWithin = (root: string, file: string): boolean => {
  const way = path.relative(root, file);
  return way === '' || (!path.isAbsolute(way) && way !== '..' && !way.startsWith(`..${path.sep}`));
};

/** The model of the built-in prompt: the one that is named, or the one that answers anybody. */
const modelFor = ({ models, config }: RunSpecSources, wanted: string | null): string => {
  const ref = wanted ?? config()['runs.model'];
  if (ref !== '') {
    const model = models.find(ref);
    if (model !== undefined) return model.id;
    const near = models.nearest(ref);
    const hint = near.length === 0 ? '`llamactor pull` fetches one' : `the nearest is ${near[0] ?? ''}`;
    throw new CodedError('NOT_FOUND', `There is no model "${ref.slice(0, 200)}" here; ${hint}.`);
  }
  const model = answeringModel(models.list());
  if (model === undefined) throw new CodedError('NOT_FOUND', NO_MODEL);
  return model.id;
};

const routerUrl = ({ router }: RunSpecSources): string => {
  const { url, running, state } = router();
  if (url !== null && running) return url;
  throw new CodedError('INVALID_STATE', `The router is ${state}, so no model can answer; start it first.`);
};

/** `claude` by any path, also as a configured command. */
const isClaude = ({ words: [program = ''] }: RunTool): boolean =>
  /^claude(?:\.exe|\.cmd)?$/i.test(path.basename(program));

const claudeArgs = (record: RunRecord, tool: RunTool): string[] => [
  // The model of the router is chosen by the environment.
  ...(record.model === null || record.model === tool.name || tool.kind === 'claude' ? [] : ['--model', record.model]),
  ...(record.systemPrompt === null ? [] : ['--append-system-prompt', record.systemPrompt]),
];

/** Every name under which `claude` asks for a model, so that none of its requests goes to one that is not here. */
const claudeEnvironment = (url: string, key: string | null, model: string): NodeJS.ProcessEnv => ({
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_AUTH_TOKEN: key ?? 'local',
  ANTHROPIC_MODEL: model,
  ANTHROPIC_SMALL_FAST_MODEL: model,
  ANTHROPIC_DEFAULT_HAIKU_MODEL: model,
  ANTHROPIC_DEFAULT_SONNET_MODEL: model,
  ANTHROPIC_DEFAULT_OPUS_MODEL: model,
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
});

/**
 * What to start for a run. The environment holds what programs need at all, what `runs.environment` names, and the run's own
 * facts; nothing of the server's secrets.
 *
 * @param report where the command may write, as JSON, what it used (usage, model, stop_reason, total_cost_usd)
 */
export const runSpec = async (
  record: RunRecord,
  { tool, prompt, ownFolder, report }: { tool: RunTool; prompt: string; ownFolder: string; report: string },
  sources: RunSpecSources,
): Promise<RunSpec> => {
  const config = sources.config();
  // Looked at once more: a link may lead elsewhere than when the run was queued.
  if (record.cwd === ownFolder) await mkdir(ownFolder, { recursive: true, mode: 0o700 });
  else await allowedFolder(record.cwd, config['runs.directories']);
  const passed = config['runs.environment'].flatMap((name) => {
    const value = sources.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const env: NodeJS.ProcessEnv = {
    ...childEnvironment(sources.env),
    ...Object.fromEntries(passed),
    LLAMACTOR_RUN_REPORT: report,
    ...(record.model === null ? {} : { LLAMACTOR_RUN_MODEL: record.model }),
    ...(record.maxTokens === null ? {} : { LLAMACTOR_RUN_MAX_TOKENS: String(record.maxTokens) }),
  };
  const [command = '', ...words] = tool.words;
  const base = { command, cwd: record.cwd };
  const model = record.model === tool.name ? null : record.model;
  if (tool.kind === 'builtin') {
    // Not as an argument: those are short, and every user of this machine can read them.
    const system = record.systemPrompt === null ? [] : [{ role: 'system', content: record.systemPrompt }];
    const messages = [...system, { role: 'user', content: prompt }];
    const args = ['--messages', '--api', routerUrl(sources), '--model', modelFor(sources, model)];
    if (record.maxTokens !== null) args.push('--max-tokens', String(record.maxTokens));
    const key = sources.routerKey();
    const keyed = key === null ? env : { ...env, LLAMACTOR_KEY: key };
    return { ...base, args: [...words, ...args], env: keyed, input: JSON.stringify(messages) };
  }
  if (isClaude(tool)) {
    const own = tool.kind === 'claude';
    const there = own ? claudeEnvironment(routerUrl(sources), sources.routerKey(), modelFor(sources, model)) : {};
    return { ...base, args: [...words, ...claudeArgs(record, tool)], env: { ...env, ...there }, input: prompt };
  }
  // How another command takes a system prompt is unknown, so it stands before the prompt.
  const input = record.systemPrompt === null ? prompt : `${record.systemPrompt}\n\n${prompt}`;
  return { ...base, args: words, env, input };
};
