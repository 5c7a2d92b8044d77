import { A } from '@solidjs/router';
import { createResource, For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { STARTER_MODELS, STARTER_MODELS_DATE } from '../../data/starter-models.ts';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';
import { StarterCard } from './starter-card.tsx';
import { commonCause, offerOf, refusedOffer, repoSource } from './starter-offer.ts';
import type { StarterOffer } from './starter-offer.ts';

/** The model that Llamactor writes itself (`src/runtime/demo.ts`). */
const DEMO = 'llamactor-demo';

export const isFirstRun = (models: readonly Pick<ModelView, 'id'>[]): boolean =>
  models.length <= 1 && models.every((model) => model.id === DEMO);

/** Shown until there is a model of the person's own: what the demo is, and what to get first. */
export const FirstSteps = (): JSX.Element => {
  const app = useApp();
  const able = (): boolean => app.offers.has('downloads:start') && app.offers.has('downloads:options');
  const asked = STARTER_MODELS.map((model) => {
    const [offer, { refetch }] = createResource(
      () => able() && app.live.connection().connected,
      async (): Promise<StarterOffer> => {
        try {
          const { options } = await app.client.request('downloads:options', { source: repoSource(model) });
          return offerOf(model, options);
        } catch (error) {
          return refusedOffer(error);
        }
      },
    );
    return { model, offer: () => (offer.loading ? undefined : offer.latest), again: () => void refetch() };
  });
  const cause = (): string | null => commonCause(asked.map(({ offer }) => offer()));
  const folder = (): string | null => app.slices.config()?.modelsDir || null;
  return (
    <section class="first" aria-label="First steps">
      <header class="first__head">
        <h2 class="first__title">Welcome. Try it, then get a model of your own</h2>
        <p class="first__text">
          <Show when={app.live.model(DEMO)} fallback="There is no model here yet.">
            The demo model is a tiny file that always says the same sentence: it shows that loading and chatting work,
            and knows nothing. <A href={`/chat?model=${DEMO}`}>Chat with it</A>.
          </Show>{' '}
          <Show when={folder()}>
            {(path) => (
              <>
                GGUF files that you put into <code>{path()}</code> show up by themselves.
              </>
            )}
          </Show>
        </p>
      </header>
      <ul class="starters">
        <For each={asked}>
          {({ model, offer, again }) => (
            <StarterCard model={model} able={able()} offer={offer()} toldOnce={cause() !== null} onAskAgain={again} />
          )}
        </For>
      </ul>
      <Show when={cause()}>
        {(why) => (
          <p class="first__why" role="status">
            {why()}{' '}
            <Button
              size="small"
              onPress={() => {
                for (const { again } of asked) again();
              }}
            >
              Ask again
            </Button>
          </p>
        )}
      </Show>
      <p class="first__date">
        Chosen in {STARTER_MODELS_DATE}; each is offered only if the hub has it now, with its size of today.
      </p>
    </section>
  );
};
