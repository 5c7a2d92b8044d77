import type { KeyView } from '../../contracts/keys.ts';
import type { EngineView, GpuMetricsView, RouterView } from '../../contracts/views.ts';
import { bytes, plural } from '../text/format.ts';
import type { Finding, FoundModel, Level } from './types.ts';

const finding = (check: string, level: Level, message: string): Finding => ({ check, level, message });

const LEAST_NODE = [20, 19] as const;

export const checkNode = (version: string): Finding => {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const enough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  return enough
    ? finding('node', 'ok', `Node ${version.replace(/^v/, '')}.`)
    : finding(
        'node',
        'fail',
        `Node ${version.replace(/^v/, '')} is too old; install ${LEAST_NODE.join('.')} or newer.`,
      );
};

export const checkFolder = (folder: string, problem: string | null): Finding =>
  problem === null
    ? finding('data folder', 'ok', `${folder} can be written.`)
    : finding('data folder', 'fail', `${folder} cannot be written (${problem}); mend that, or set LLAMACTOR_DATA_DIR.`);

export const checkPort = (port: number, variable: string, problem: string | null): Finding =>
  problem === null
    ? finding('port', 'ok', `Port ${port} is free.`)
    : finding('port', 'fail', `No server could start: ${problem}; free it, or set ${variable} to another port.`);

const SOON_MS = 7 * 86_400_000;

/** `keys` are those of a running server; null when they may not be read. */
export const checkKeys = (keys: readonly KeyView[] | null, required: boolean, now: number): Finding[] => {
  if (keys === null) return [finding('keys', 'ok', 'Only an admin key may list them, and this one is none.')];
  const dying = keys.filter(({ expiresAt }) => expiresAt !== null && expiresAt <= now + SOON_MS);
  const summary = required
    ? finding('keys', 'ok', `Nobody gets in without a key; there are ${plural(keys.length, 'key')}.`)
    : finding('keys', 'ok', `No key is needed on this machine; there are ${plural(keys.length, 'key')}.`);
  return [
    summary,
    ...dying.map(({ name, id, expiresAt }) =>
      finding(
        'keys',
        'warn',
        `The key ${name} ${(expiresAt ?? 0) <= now ? 'has expired' : 'expires within a week'}; \`llamactor key revoke ${id}\` removes it.`,
      ),
    ),
  ];
};

/** Whether a server started now would find the key it needs. */
export const checkFirstKey = (needed: boolean, usable: number): Finding =>
  needed && usable === 0
    ? finding(
        'keys',
        'fail',
        'The server would not start without a key, and there is none; `llamactor key create --name me --scope admin` makes one.',
      )
    : finding('keys', 'ok', needed ? `A key is needed; there are ${usable}.` : 'No key is needed on this machine.');

export const checkRouter = (router: RouterView): Finding => {
  if (router.running) return finding('router', 'ok', `The inference API answers at ${router.url ?? 'its port'}.`);
  const cause = router.failure === null ? '' : `: ${router.failure.message.replace(/\.$/, '')}`;
  return finding(
    'router',
    router.state === 'error' ? 'fail' : 'warn',
    `The router is ${router.state}${cause}; start it with \`llamactor preset use ${router.preset}\`.`,
  );
};

export const checkEngine = (engine: EngineView): Finding => {
  switch (engine.state) {
    case 'ready':
      return finding(
        'engine',
        'ok',
        `llama-server ${engine.version ?? 'of unknown version'} at ${engine.path ?? 'an unknown path'}.`,
      );
    case 'missing':
      return finding(
        'engine',
        'fail',
        `${engine.problem ?? 'No llama-server was found.'} Run \`llamactor engine install\`, or name one with \`llamactor engine use PATH\`.`,
      );
    default:
      return finding('engine', 'warn', `The engine is ${engine.state}; run this again in a moment.`);
  }
};

export const checkModels = (models: readonly FoundModel[], where: string): Finding[] => {
  const broken = models.filter((model) => model.problem !== null);
  const usable = models.length - broken.length;
  const summary =
    usable > 0
      ? finding('models', 'ok', `${plural(usable, 'usable model')} in ${where}.`)
      : finding(
          'models',
          'warn',
          `No usable model in ${where}; put GGUF files there, or name a folder with --models-dir.`,
        );
  return [summary, ...broken.map((model) => finding('models', 'warn', `${model.id}: ${model.problem ?? ''}`))];
};

const LITTLE = 1024 ** 3;

export const checkMemory = (memory: { total: number; free: number }, smallest: number | null): Finding => {
  const text = `${bytes(memory.free)} of ${bytes(memory.total)} free`;
  if (smallest !== null && smallest > memory.free) {
    return finding(
      'memory',
      'warn',
      `${text}, but the smallest model has ${bytes(smallest)}; close something, or use a smaller model.`,
    );
  }
  return memory.free < LITTLE
    ? finding('memory', 'warn', `${text}; larger models will not fit, so close what is not needed.`)
    : finding('memory', 'ok', `${text}.`);
};

export const checkGpus = (gpus: readonly GpuMetricsView[]): Finding[] =>
  gpus.length === 0
    ? [finding('gpu', 'ok', 'None was found; models run on the CPU.')]
    : gpus.map((gpu) => {
        const memory =
          gpu.memoryTotal === null
            ? ''
            : `, ${bytes(gpu.memoryTotal)}${gpu.memoryUsed === null ? '' : ` of which ${bytes(gpu.memoryUsed)} are used`}`;
        return finding('gpu', 'ok', `${gpu.name}${memory}.`);
      });
