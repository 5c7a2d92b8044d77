import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { STARTER_MODELS, STARTER_MODELS_DATE } from '../../data/starter-models.ts';
import { bytes } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { CopyButton } from '../../kit/copy.tsx';
import { useApp } from '../../state/app.tsx';

/** The model that Llamactor writes itself (`src/runtime/demo.ts`). */
const DEMO = 'llamactor-demo';
const DOWNLOAD = 'downloads:start';

export const isFirstRun = (models: readonly Pick<ModelView, 'id'>[]): boolean =>
  models.length <= 1 && models.every((model) => model.id === DEMO);

/** Shown until there is a model of the person's own: what the demo is, and what to get first. */
export const FirstSteps = (): JSX.Element => {
  const app = useApp();
  const folder = (): string | null => app.slices.config()?.modelsDir || null;
  const download = async (source: string, name: string): Promise<void> => {
    await app.client.request(DOWNLOAD, { source });
    app.toasts.show({ tone: 'success', title: `${name} is being downloaded` });
  };
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
        <For each={STARTER_MODELS}>
          {(model) => (
            <li class="starter">
              <h3 class="starter__name">{model.name}</h3>
              <p class="starter__for">{model.goodFor}</p>
              <div class="starter__foot">
                <span class="starter__size">{bytes(model.size)}</span>
                <Show
                  when={app.offers.has(DOWNLOAD)}
                  fallback={
                    <CopyButton
                      text={model.source.replace(/^hf:/, '')}
                      label={`Copy the name of ${model.name} on Hugging Face`}
                      onFailure={(error) => app.toasts.failure('The name was not copied', error)}
                    />
                  }
                >
                  <Button
                    size="small"
                    icon="download"
                    label={`Download ${model.name}`}
                    failure={`${model.name} is not downloaded`}
                    disabledReason={app.blocked()}
                    onPress={() => download(model.source, model.name)}
                  >
                    Download
                  </Button>
                </Show>
              </div>
            </li>
          )}
        </For>
      </ul>
      <p class="first__date">Chosen {STARTER_MODELS_DATE}; sizes are of the download.</p>
    </section>
  );
};
