import { useNavigate } from '@solidjs/router';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { curlCommand, displayName } from '../../format/model.ts';
import { copyText } from '../../kit/copy.tsx';
import { Menu } from '../../kit/menu.tsx';
import { useApp } from '../../state/app.tsx';

/** Where the router listens unless it says otherwise; only for the command a person copies while it is down. */
const USUAL_ROUTER = 'http://127.0.0.1:8080';

export const useCurl = (): ((model: ModelView) => string) => {
  const app = useApp();
  return (model) => curlCommand(model, app.live.router()?.url ?? USUAL_ROUTER);
};

/** What else can be done with a model. */
export const ModelMenu = (props: { model: ModelView; onOpen: () => void }): JSX.Element => {
  const app = useApp();
  const curl = useCurl();
  const navigate = useNavigate();
  const copy = (what: string, text: string): void => {
    copyText(text).then(
      () => app.toasts.show({ tone: 'success', title: `${what} copied` }),
      (error: unknown) => app.toasts.failure(`${what} was not copied`, error),
    );
  };
  const pin = (pinned: boolean): void => {
    const name = displayName(props.model);
    app.client.request('models:update', { modelId: props.model.id, updates: { pinned } }).then(
      () => app.toasts.show({ tone: 'success', title: pinned ? `${name} is pinned` : `${name} is no longer pinned` }),
      (error: unknown) => app.toasts.failure(`${name} was not changed`, error),
    );
  };
  return (
    <Menu
      label={`More for ${displayName(props.model)}`}
      items={[
        { label: 'Details', icon: 'info', onPress: () => props.onOpen() },
        ...(props.model.state === 'unloaded' || props.model.state === 'error'
          ? [{ label: 'What if I load it?', icon: 'rank' as const, onPress: () => props.onOpen() }]
          : []),
        ...(props.model.problem === null && props.model.metadata?.outputModalities.includes('text') !== false
          ? [
              {
                label: 'Chat',
                icon: 'chat' as const,
                onPress: () => navigate(`/chat?model=${encodeURIComponent(props.model.id)}`),
              },
            ]
          : []),
        {
          label: props.model.pinned ? 'Unpin' : 'Pin: it never has to leave',
          icon: props.model.pinned ? 'close' : 'check',
          onPress: () => pin(!props.model.pinned),
        },
        { label: 'Copy curl command', icon: 'copy', onPress: () => copy('The command', curl(props.model)) },
        { label: 'Copy name', icon: 'text', onPress: () => copy('The name', displayName(props.model)) },
      ]}
    />
  );
};
