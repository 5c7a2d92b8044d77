import { useNavigate } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { Button } from '../../kit/button.tsx';
import { EmptyState } from '../../kit/empty-state.tsx';
import { Logo } from '../../shell/logo.tsx';
import { useApp } from '../../state/app.tsx';
import { RescanButton } from './rescan-button.tsx';

/** No models yet: where they belong. */
export const EmptyLibrary = (): JSX.Element => {
  const app = useApp();
  const navigate = useNavigate();
  const folders = (): string[] => {
    const config = app.slices.config();
    return config === null ? [] : [config.modelsDir, ...config.modelsDirs].filter(Boolean);
  };
  return (
    <EmptyState
      title="No models yet"
      art={<Logo size={56} />}
      actions={
        <>
          <Button variant="primary" icon="download" onPress={() => navigate('/models?add=download')}>
            Download one
          </Button>
          <RescanButton />
        </>
      }
    >
      <Show
        when={folders().length > 0}
        fallback={
          <p>
            No folder is set up to be searched. Start Llamactor with --models-dir and the folder of your GGUF files.
          </p>
        }
      >
        <p>
          Put GGUF files into {folders().length === 1 ? 'this folder' : 'one of these folders'}; they show up here by
          themselves.
        </p>
        <For each={folders()}>
          {(folder) => (
            <p>
              <code>{folder}</code>
            </p>
          )}
        </For>
      </Show>
    </EmptyState>
  );
};
