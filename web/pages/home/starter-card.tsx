import { createResource, Match, Show, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { hasEnded } from '../../../src/contracts/downloads.ts';
import type { StarterModel } from '../../data/starter-models.ts';
import { bytes } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { useApp } from '../../state/app.tsx';
import { offerOf, refusedOffer, repoSource } from './starter-offer.ts';
import type { StarterOffer } from './starter-offer.ts';

const OPTIONS = 'downloads:options';
const DOWNLOAD = 'downloads:start';

/** One model to begin with. It can be downloaded once the hub has said that it is there. */
export const StarterCard = (props: { model: StarterModel }): JSX.Element => {
  const app = useApp();
  const able = (): boolean => app.offers.has(DOWNLOAD) && app.offers.has(OPTIONS);
  const [asked, { refetch }] = createResource(
    () => able() && app.live.connection().connected && props.model,
    async (model): Promise<StarterOffer> => {
      try {
        return offerOf(model, (await app.client.request(OPTIONS, { source: repoSource(model) })).options);
      } catch (error) {
        return refusedOffer(error);
      }
    },
  );
  const offered = (): Extract<StarterOffer, { kind: 'offered' }> | null => {
    const offer = asked.latest;
    return offer?.kind === 'offered' ? offer : null;
  };
  const refused = (): Exclude<StarterOffer, { kind: 'offered' }> | null => {
    const offer = asked.latest;
    return offer === undefined || offer.kind === 'offered' ? null : offer;
  };
  const onItsWay = (): boolean =>
    app.live.downloads().some(({ source, state }) => source === offered()?.source && !hasEnded(state));
  const download = async (source: string): Promise<void> => {
    await app.client.request(DOWNLOAD, { source });
    app.toasts.show({ tone: 'success', title: `${props.model.name} is being downloaded` });
  };
  return (
    <li class="starter" data-kind={asked.latest?.kind}>
      <h3 class="starter__name">{props.model.name}</h3>
      <p class="starter__for">{props.model.goodFor}</p>
      <Switch>
        <Match when={!able()}>
          <div class="starter__foot">
            <span class="starter__size">{props.model.repo}</span>
            <CopyButton
              text={props.model.repo}
              label={`Copy the name of ${props.model.name} on Hugging Face`}
              onFailure={(error) => app.toasts.failure('The name was not copied', error)}
            />
          </div>
        </Match>
        <Match when={asked.loading}>
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
              <p class="starter__why">{offer().why}</p>
              <Show when={offer().kind === 'unknown'}>
                <Button
                  size="small"
                  variant="quiet"
                  label={`Ask again for ${props.model.name}`}
                  onPress={() => void refetch()}
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
