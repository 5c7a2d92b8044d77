/** Views as an assistant needs them: few fields, times as ISO text, sizes in GiB. Pure. */
import type { ExplainView } from '../contracts/commands.ts';
import type { DecisionView, DeviceBytesView, LogEntryView, ModelView } from '../contracts/views.ts';

const GIB = 1024 ** 3;
const gib = (bytes: number): number => Math.round((bytes / GIB) * 100) / 100;
const time = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());
const devices = (each: DeviceBytesView | null): Record<string, number> | null =>
  each === null ? null : { ram: gib(each.ram), ...Object.fromEntries(each.gpus.map((b, n) => [`gpu${n}`, gib(b)])) };

export const modelShape = (model: ModelView) => ({
  id: model.id,
  name: model.name,
  aliases: model.aliases,
  state: model.state,
  ...(model.progress === null ? {} : { progressPercent: Math.round(model.progress) }),
  fileGiB: gib(model.size),
  memoryGiB: devices(model.memory.measured ?? model.memory.estimated),
  memoryIs: model.memory.measured === null ? 'estimated' : 'measured',
  contextTokens: model.contextSize,
  requestsInFlight: model.inFlight,
  pinned: model.pinned,
  loadedAt: time(model.loadedAt),
  lastUsedAt: time(model.lastUsedAt),
  unloadsAt: time(model.expiresAt),
  ...(model.failure === null
    ? {}
    : { failure: { code: model.failure.code, message: model.failure.message, stderr: model.failure.stderr } }),
  ...(model.retryAt === null ? {} : { triesAgainAt: time(model.retryAt) }),
  ...(model.problem === null ? {} : { problem: model.problem }),
  parameters: model.metadata?.sizeLabel ?? null,
  quantization: model.metadata?.quantization ?? null,
  supportsTools: model.metadata?.supportsTools ?? null,
});

export const explainShape = (view: ExplainView) => ({
  model: view.modelId,
  verdict: view.verdict,
  reason: view.reason,
  needsGiB: devices(view.required),
  wouldTakeGiB: devices(view.takes),
  freeGiB: devices(view.free),
  missingGiB: devices(view.short),
  wouldLeave: view.leaving.map(({ id, bytes, why }) => ({ id, givesGiB: devices(bytes), why })),
  waitsFor: view.waitsFor,
  comesFirst: view.queue,
  contextTokens: view.contextTokens,
  models: { present: view.present, most: view.modelsMax },
});

export const decisionShape = ({ at, kind, modelId, reason, for: forWhom }: DecisionView) => ({
  at: time(at),
  kind,
  model: modelId,
  reason,
  ...(forWhom === null ? {} : { for: forWhom }),
});

export const logShape = ({ timestamp, level, source, message }: LogEntryView) => ({
  at: time(timestamp),
  level,
  source,
  message,
});
