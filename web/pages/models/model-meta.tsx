import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { MODALITY_LABELS, specialModalities } from '../../format/model.ts';
import { bytes, parameterCount, tokens } from '../../format/numbers.ts';
import { Icon } from '../../kit/icons.tsx';

export const parametersOf = (model: ModelView): string | null => {
  const metadata = model.metadata;
  if (metadata === null) return null;
  return metadata.sizeLabel ?? (metadata.parameters === null ? null : parameterCount(metadata.parameters));
};

/** The short facts in one line, unknown ones left out. */
export const shortFacts = (model: ModelView): string[] => {
  const metadata = model.metadata;
  const context = metadata?.contextLength ?? null;
  return [
    metadata?.architecture ?? null,
    parametersOf(model),
    metadata?.quantization ?? null,
    model.size > 0 ? bytes(model.size) : null,
    context === null ? null : `${tokens(context)} context`,
  ].filter((fact) => fact !== null);
};

/** What it can do beyond text in, text out. */
export const Modalities = (props: { model: ModelView }): JSX.Element => (
  <For each={specialModalities(props.model)}>
    {(modality) => (
      <span class="modality" data-tip={MODALITY_LABELS[modality]}>
        <Icon name={modality} size={14} />
        <span class="visually-hidden">{MODALITY_LABELS[modality]}</span>
      </span>
    )}
  </For>
);

export const FactLine = (props: { model: ModelView; facts?: string[] }): JSX.Element => (
  <p class="fact-line">
    <For each={props.facts ?? shortFacts(props.model)}>
      {(fact, index) => (
        <>
          <Show when={index() > 0}>
            <span class="fact-line__dot" aria-hidden="true">
              ·
            </span>
          </Show>
          <span>{fact}</span>
        </>
      )}
    </For>
    <Modalities model={props.model} />
  </p>
);
