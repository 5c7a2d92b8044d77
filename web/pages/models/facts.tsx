import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { GgufMetadataView, ModelView } from '../../../src/contracts/views.ts';
import { bytes, exactBytes, grouped, plural, tokens } from '../../format/numbers.ts';
import { duration, exact } from '../../format/time.ts';
import { MODALITY_LABELS } from '../../format/model.ts';
import { CopyButton } from '../../kit/copy.tsx';
import { useApp } from '../../state/app.tsx';
import { parametersOf } from './model-meta.tsx';

interface Fact {
  label: string;
  value: string;
  tip?: string;
  /** A path or the like: monospaced, and copied with a button. */
  code?: boolean;
}

const yesNo = (value: boolean): string => (value ? 'Yes' : 'No');
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A fact, or none where nothing is known. */
const known = <T,>(label: string, value: T | null, show: (value: T) => string, tip?: (value: T) => string): Fact[] =>
  value === null ? [] : [{ label, value: show(value), ...(tip === undefined ? {} : { tip: tip(value) }) }];
const words = (text: string): string => text;
const code = (label: string, value: string | null): Fact[] => (value === null ? [] : [{ label, value, code: true }]);

const flow = (metadata: GgufMetadataView): string => {
  const gives = metadata.outputModalities.map((m) => (m === 'text' ? 'Text' : MODALITY_LABELS[m]));
  return `${metadata.inputModalities.map(capital).join(', ')} → ${gives.join(', ')}`;
};

const headerFacts = (metadata: GgufMetadataView): Fact[] => [
  ...known('Trained context', metadata.contextLength, tokens, (value) => plural(value, 'token')),
  ...known('Layers', metadata.layers, grouped),
  ...known('Attention heads', metadata.heads, (heads) =>
    metadata.kvHeads === null ? grouped(heads) : `${grouped(heads)}, ${grouped(metadata.kvHeads)} for keys and values`,
  ),
  ...known('Embedding length', metadata.embeddingLength, grouped),
  ...known('Vocabulary', metadata.vocabularySize, (size) => plural(size, 'token')),
  ...known('Experts per layer', metadata.experts, grouped),
  { label: 'Takes and gives', value: flow(metadata) },
  { label: 'Chat template', value: yesNo(metadata.hasChatTemplate) },
  { label: 'Tool calls', value: yesNo(metadata.supportsTools) },
  ...known('Licence', metadata.license, words),
];

/** What the file says about itself. */
export const fileFacts = (model: ModelView): Fact[] => {
  const metadata = model.metadata;
  return [
    ...known('Name', metadata?.name ?? null, words),
    ...known('Architecture', metadata?.architecture ?? null, words),
    ...known('Parameters', parametersOf(model), words, () => grouped(metadata?.parameters ?? 0)),
    ...known('Quantisation', metadata?.quantization ?? null, words),
    ...known(
      'Size on disk',
      model.size > 0 ? model.size : null,
      (size) => (model.shards > 1 ? `${bytes(size)} in ${plural(model.shards, 'file')}` : bytes(size)),
      exactBytes,
    ),
    ...(metadata === null ? [] : headerFacts(metadata)),
  ];
};

/** What Llamactor keeps about it. */
export const recordFacts = (model: ModelView): Fact[] => {
  const parameters = Object.entries(model.parameters).map(([key, value]) => `${key} = ${String(value)}`);
  return [
    ...known('Process', model.pid, String),
    ...known('Restarts', model.restarts === 0 ? null : model.restarts, grouped),
    ...code('File', model.model_path),
    ...code('Projector', model.mmproj),
    ...code('Id', model.id),
    ...known('Aliases', model.aliases.length === 0 ? null : model.aliases, (aliases) => aliases.join(', ')),
    ...known('Preset', model.preset, words),
    ...known('Asked context', model.ctx_size === 0 ? null : model.ctx_size, (size) => plural(size, 'token')),
    ...code('Parameters', parameters.length === 0 ? null : parameters.join('\n')),
    ...(model.pinned ? [{ label: 'Pinned', value: 'It stays, whoever else needs room' }] : []),
    ...known('Leaves if nobody asks', model.expiresAt, (at) => exact(at)),
    ...known('May be idle', model.ttl, (ttl) => (ttl === 0 ? 'for ever' : duration(ttl * 1000))),
    ...known('Priority', model.priority === 0 ? null : model.priority, String),
    ...known('Group', model.group, words),
    ...known('Requests at once', model.concurrency, (most) => (most === 0 ? 'no limit' : grouped(most))),
    ...known('Last used', model.lastUsedAt, (at) => exact(at)),
    { label: 'Found', value: exact(model.created_at * 1000) },
  ];
};

export const FactList = (props: { facts: Fact[] }): JSX.Element => {
  const app = useApp();
  return (
    <dl class="facts">
      <For each={props.facts}>
        {(fact) => (
          <div class="facts__item" data-code={fact.code === true ? '' : undefined}>
            <dt class="facts__label">{fact.label}</dt>
            <dd class="facts__value" data-tip={fact.tip}>
              <Show when={fact.code === true} fallback={fact.value}>
                <code>{fact.value}</code>
                <CopyButton
                  text={fact.value}
                  label={`Copy: ${fact.label}`}
                  onFailure={(error) => app.toasts.failure(`${fact.label} was not copied`, error)}
                />
              </Show>
            </dd>
          </div>
        )}
      </For>
    </dl>
  );
};
