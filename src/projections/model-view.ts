/** A model as clients see it: the file, the person's record and the actor, told as one. Pure. */
import type { ModelContext, ModelState } from '../../machines/model.machine.ts';
import type { ModelRecord } from '../contracts/config.ts';
import type { GgufMetadataView, ModelMemoryView, ModelView, ParameterValue } from '../contracts/views.ts';

export interface KnownFile {
  id: string;
  name: string;
  path: string;
  size: number;
  shards: string[];
  mmproj: string | null;
  metadata: GgufMetadataView | null;
  problem: string | null;
}

export interface ModelFacts {
  id: string;
  file: KnownFile | null;
  record: ModelRecord | null;
  /** Null until the model has been loaded once; then it is unloaded. */
  actor: { value: ModelState; context: ModelContext } | null;
  inFlight: number;
  lastUsedAt: number | null;
  expiresAt: number | null;
  memory: ModelMemoryView;
  preset: string | null;
  /** Effective at the last start, else what the next start would use. */
  parameters: Record<string, ParameterValue>;
  /** Parameters that its process was not started with. */
  pendingKeys: string[];
  /** Epoch seconds of the first sight of a file without a record. */
  seenAt: number;
}

/**
 * A file's own model is called as the file is; a further record of that file as its person called it, or nobody could tell
 * the two apart.
 */
export const modelName = ({
  id,
  file,
  record,
}: {
  id: string;
  file: Pick<KnownFile, 'id' | 'name'> | null;
  record: Pick<ModelRecord, 'name'> | null;
}): string => (file !== null && (file.id === id || record === null) ? file.name : (record?.name ?? id));

/** The machine's states are the view's states; every further fact is null unless the state gives it a meaning. */
export const modelView = (facts: ModelFacts): ModelView => {
  const { id, file, record, actor } = facts;
  const state = actor?.value ?? 'unloaded';
  const context = actor?.context;
  const running = state === 'loaded' || state === 'stopping';
  const failure = context?.failure ?? null;
  return {
    id,
    name: modelName(facts),
    aliases: record?.aliases ?? [],
    type: record?.type ?? 'llama',
    state,
    status: state,
    desired: context?.desired ?? 'unloaded',
    progress: state === 'loading' ? (context?.progress ?? 0) : null,
    stage: state === 'loading' ? (context?.stage ?? null) : null,
    size: file?.size ?? 0,
    loadedAt: running ? (context?.loadedAt ?? null) : null,
    lastUsedAt: facts.lastUsedAt,
    inFlight: facts.inFlight,
    pid: state === 'unloaded' || state === 'error' ? null : (context?.pid ?? null),
    contextSize: running ? (context?.info?.contextSize ?? null) : null,
    slots: running ? (context?.info?.slots ?? null) : null,
    failure,
    retryAt: state === 'error' ? (context?.retryAt ?? null) : null,
    gaveUp: state === 'error' && context?.retryDelayMs === null,
    restarts: context?.restarts ?? 0,
    problem: file === null ? missingFile(record) : file.problem,
    shards: file?.shards.length ?? 0,
    mmproj: file?.mmproj ?? null,
    metadata: file?.metadata ?? null,
    preset: facts.preset,
    parameters: facts.parameters,
    pendingChange: running && facts.pendingKeys.length > 0 ? pendingChange(facts) : false,
    model_path: file?.path ?? record?.model_path ?? null,
    model_url: record?.model_url ?? null,
    ctx_size: record?.ctx_size ?? 0,
    batch_size: record?.batch_size ?? 512,
    threads: record?.threads ?? 0,
    pinned: record?.pinned ?? false,
    priority: record?.priority ?? 0,
    group: record?.group ?? null,
    ttl: record?.ttl ?? null,
    expiresAt: facts.expiresAt,
    memory: facts.memory,
    concurrency: record?.concurrency ?? null,
    created_at: record?.created_at ?? facts.seenAt,
    updated_at: record?.updated_at ?? facts.seenAt,
  };
};

const pendingChange = ({ pendingKeys, actor }: ModelFacts): ModelView['pendingChange'] => ({
  keys: pendingKeys,
  when: actor?.context.refreshBy == null ? 'next load' : 'when idle',
});

const missingFile = (record: ModelRecord | null): string =>
  record?.model_path == null
    ? 'No file belongs to this record yet; set its model_path or put a file of this name into the models folder.'
    : 'The file is not where it was; put it back, or scan again.';
