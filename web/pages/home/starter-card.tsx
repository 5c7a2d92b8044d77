import { Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { hasEnded } from '../../../src/contracts/downloads.ts';
import type { StarterModel } from '../../data/starter-models.ts';
import { bytes } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { useApp } from '../../state/app.tsx';
import type { StarterOffer } from './starter-offer.ts';

const DOWNLOAD = 'downloads:start';

/** One model to begin with. It can be downloaded once the hub has said that it is there. */
export const StarterCard = (props: {
  model: StarterModel;
  /** False where this server cannot download. */
  able: boolean;
  /** Undefined while it is asked for. */
  offer: StarterOffer | undefined;
  /** Why nobody knows is told once for all. */
  toldOnce: boolean;
  onAskAgain: () => void;
}): JSX.Element => {
  const app = useApp();
  const offered = (): Extract<StarterOffer, { kind: 'offered' }> | null =>
    props.offer?.kind === 'offered' ? props.offer : null;
  const refused = (): Exclude<StarterOffer, { kind: 'offered' }> | null =>
    props.offer === undefined || props.offer.kind === 'offered' ? null : props.offer;
  const isToldOnce = (): boolean => props.toldOnce && props.offer?.kind === 'unknown';
  const onItsWay = (): boolean =>
    app.live.downloads().some(({ source, state }) => source === offered()?.source && !hasEnded(state));
  const download = async (source: string): Promise<void> => {
    await app.client.request(DOWNLOAD, { source });
    app.toasts.show({ tone: 'success', title: `${props.model.name} is being downloaded` });
  };
  return (
    <li class="starter" data-kind={props.offer?.kind}>
      <h3 class="starter__name">{props.model.name}</h3>
      <p class="starter__for">{props.model.goodFor}</p>
      <Switch>
        <Match when={!props.able}>
          <div class="starter__foot">
            <span class="starter__size">{props.model.repo}</span>
            <CopyButton
              text={props.model.repo}
              label={`Copy the name of ${props.model.name} on Hugging Face`}
              onFailure={(error) => app.toasts.failure('The name was not copied', error)}
            />
          </div>
        </Match>
        <Match when={props.offer === undefined}>
          <p class="starter__foot starter__size" role="status">
            Asking whether it is there…
          </p>
        </Match>
        <Match when={offered()}>
          {(offer) => (
            <div class="starter__foot">
              <span class="starter__size">
                {bytes(offer().size)}
                <Show when={offer().partly}>, slow here</Show>
              </span>
              <Show when={!onItsWay()} fallback={<span class="starter__size">On its way</span>}>
                <Button
                  size="small"
                  icon="download"
                  label={`Download ${props.model.name}`}
                  failure={`${props.model.name} is not downloaded`}
                  disabledReason={app.blocked()}
                  onPress={() => download(offer().source)}
                >
                  Download
                </Button>
              </Show>
            </div>
          )}
        </Match>
        <Match when={refused()}>
          {(offer) => (
            <div class="starter__foot">
              <p class="starter__why">{isToldOnce() ? 'Not known whether it is there.' : offer().why}</p>
              <Show when={offer().kind === 'unknown' && !props.toldOnce}>
                <Button
                  size="small"
                  variant="quiet"
                  label={`Ask again for ${props.model.name}`}
                  onPress={() => props.onAskAgain()}
                >
                  Ask again
                </Button>
              </Show>
            </div>
          )}
        </Match>
      </Switch>
    </li>
  );
};
