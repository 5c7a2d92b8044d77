import { A } from '@solidjs/router';
import { For, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { hasEnded } from '../../../../src/contracts/downloads.ts';
import type { DownloadOptionsView, DownloadVariantView, DownloadView } from '../../../../src/contracts/downloads.ts';
import { bytes, exactBytes, percent, plural } from '../../../format/numbers.ts';
import { Badge } from '../../../kit/badge.tsx';
import { Banner } from '../../../kit/banner.tsx';
import { Button } from '../../../kit/button.tsx';
import { useApp } from '../../../state/app.tsx';
import { wishFor } from './source-text.ts';

const FITS = {
  fits: { tone: 'loaded', text: 'Fits' },
  partly: { tone: 'stopping', text: 'Partly on the GPU' },
  no: { tone: 'error', text: 'Too large' },
} as const;
const FIT_TIPS = {
  fits: 'The fastest memory of this machine holds it whole',
  partly: 'The GPU’s memory holds a part of it; the rest runs slower, from main memory',
  no: 'All memory of this machine together does not hold it',
} as const;

const nameOf = (variant: DownloadVariantView): string => variant.quant ?? variant.file;

/** What a repository offers, each with its size and whether this machine holds it. `source` is as it was asked for. */
export const VariantList = (props: { options: DownloadOptionsView; source: string }): JSX.Element => {
  const app = useApp();
  const all = (): readonly DownloadVariantView[] => props.options.variants;
  /** The download of this variant: the one under way, else the last that ended well. */
  const downloadOf = (variant: DownloadVariantView): DownloadView | undefined => {
    const same = app.live
      .downloads()
      .filter(
        (one) =>
          one.repo !== null &&
          one.repo === props.options.repo &&
          (one.quant === variant.quant || one.files.some(({ name }) => variant.file.endsWith(name))),
      );
    return same.find(({ state }) => !hasEnded(state)) ?? same.find(({ state }) => state === 'done');
  };
  const start = async (variant: DownloadVariantView): Promise<void> => {
    await app.client.request('downloads:start', {
      source: props.source,
      ...wishFor(variant, all(), props.options.repo),
    });
  };
  return (
    <div class="variants">
      <Show when={props.options.gated}>
        <Banner tone="stopping" title="Its owner wants something accepted first">
          Accept the terms on the page of {props.options.repo}, and start Llamactor with your token in HF_TOKEN.
        </Banner>
      </Show>
      <Show when={props.options.note}>{(note) => <p class="variants__note">{note()}</p>}</Show>
      <ul class="variants__list" aria-label={`What ${props.options.repo ?? 'the address'} offers`}>
        <For each={all()}>
          {(variant) => (
            <li class="variant" data-recommended={variant.recommended ? '' : undefined}>
              <div class="variant__who">
                <strong>{nameOf(variant)}</strong>
                <Show when={variant.recommended}>
                  <Badge tone="neutral" dot={false}>
                    Recommended
                  </Badge>
                </Show>
                <span class="variant__facts">
                  <span data-tip={exactBytes(variant.size + variant.mmprojSize)}>{bytes(variant.size)}</span>
                  {variant.shards > 1 ? ` in ${plural(variant.shards, 'file')}` : ''}
                  {variant.mmproj === null ? '' : ` + ${bytes(variant.mmprojSize)} for images or sound`}
                </span>
              </div>
              <Badge tone={FITS[variant.fit].tone} tip={FIT_TIPS[variant.fit]}>
                {FITS[variant.fit].text}
              </Badge>
              <div class="variant__act">
                <Switch
                  fallback={
                    <Button
                      size="small"
                      icon="download"
                      variant={variant.recommended ? 'primary' : 'secondary'}
                      label={`Download ${nameOf(variant)}`}
                      failure={`${nameOf(variant)} is not downloaded`}
                      disabledReason={app.blocked()}
                      onPress={() => start(variant)}
                    >
                      Download
                    </Button>
                  }
                >
                  <Match when={downloadOf(variant)?.state === 'done' && downloadOf(variant)}>
                    {(done) => (
                      <A class="quiet-link" href={`/models?model=${encodeURIComponent(done().modelId ?? '')}`}>
                        It is here
                      </A>
                    )}
                  </Match>
                  <Match when={downloadOf(variant)}>
                    {(running) => (
                      <span class="variant__running" role="status">
                        {running().percent === null ? running().stage : percent(running().percent ?? 0)}
                      </span>
                    )}
                  </Match>
                </Switch>
              </div>
            </li>
          )}
        </For>
      </ul>
    </div>
  );
};
