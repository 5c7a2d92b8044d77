import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import type { ModelView } from '../../../src/contracts/views.ts';
import { displayName } from '../../format/model.ts';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';
import { isUnusable } from '../../state/library.ts';

type Verb = 'Load' | 'Cancel' | 'Unload' | 'Retry';

const VERBS: Readonly<Record<ModelView['state'], Verb>> = {
  unloaded: 'Load',
  loading: 'Cancel',
  loaded: 'Unload',
  stopping: 'Unload',
  error: 'Retry',
};

/** The one thing to do with a model now. One button for all states, so that the focus stays when the state moves on. */
export const ModelAction = (props: {
  model: ModelView;
  size?: 'small' | 'medium';
  prominent?: boolean;
}): JSX.Element => {
  const app = useApp();
  const verb = (): Verb => VERBS[props.model.state];
  const word = (): string => (props.model.state === 'stopping' ? 'Stopping' : verb());

  const press = (): void => {
    // The promise is kept back on purpose: a load may take minutes, and the state shows it from the first moment.
    if (verb() === 'Load' || verb() === 'Retry') void app.actions.load(props.model);
    else void app.actions.unload(props.model);
  };

  return (
    <Show when={!isUnusable(props.model)}>
      <Button
        size={props.size ?? 'small'}
        variant={props.prominent === true && verb() !== 'Unload' && verb() !== 'Cancel' ? 'primary' : 'secondary'}
        label={`${word()} ${displayName(props.model)}`}
        pending={app.actions.pending(props.model) !== null || props.model.state === 'stopping'}
        disabledReason={app.isLive() ? null : 'Not connected to Llamactor'}
        onPress={press}
      >
        {word()}
      </Button>
      <Show
        when={
          props.model.state === 'error' &&
          props.model.retryAt !== null &&
          !props.model.gaveUp &&
          props.prominent === true
        }
      >
        <Button
          size={props.size ?? 'small'}
          variant="quiet"
          label={`Stop trying to load ${displayName(props.model)}`}
          disabledReason={app.isLive() ? null : 'Not connected to Llamactor'}
          onPress={() => app.actions.unload(props.model)}
        >
          Stop trying
        </Button>
      </Show>
    </Show>
  );
};
