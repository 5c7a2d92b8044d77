import { useNavigate } from '@solidjs/router';
import { createEffect, on } from 'solid-js';
import { hasEnded } from '../../src/contracts/downloads.ts';
import { displayName } from '../format/model.ts';
import { useApp } from '../state/app.tsx';

/** Says when a model has arrived that was on its way while this page watched, and leads to it. Draws nothing itself. */
export const Arrivals = (): null => {
  const app = useApp();
  const navigate = useNavigate();
  const awaited = new Set<string>();
  createEffect(
    on(app.live.downloads, (downloads) => {
      for (const { id, state, source, modelId } of downloads) {
        if (!hasEnded(state)) awaited.add(id);
        else if (awaited.delete(id) && state === 'done') {
          const model = modelId === null ? undefined : app.live.model(modelId);
          app.toasts.show({
            tone: 'success',
            title: `${model === undefined ? source : displayName(model)} has arrived`,
            ...(modelId === null
              ? {}
              : {
                  action: {
                    label: 'Chat with it',
                    run: () => navigate(`/chat?model=${encodeURIComponent(modelId)}`),
                  },
                }),
          });
        }
      }
    }),
  );
  return null;
};
