import { Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';
import type { Selection } from './selection.ts';
import './bulk-bar.css';

/** What can be done with the chosen models; it stays in sight while the list scrolls. */
export const BulkBar = (props: { selection: Selection; shown: readonly string[] }): JSX.Element => {
  const app = useApp();
  const allChosen = (): boolean => props.shown.length > 0 && props.shown.every((id) => props.selection.has(id));
  const nothing = (count: number, what: string): string | null => app.blocked() ?? (count === 0 ? what : null);
  return (
    <div class="bulk" role="group" aria-label="With the chosen models">
      <label class="bulk__all">
        <input
          class="checkbox"
          type="checkbox"
          checked={allChosen()}
          onChange={() => props.selection.choose(allChosen() ? [] : props.shown)}
        />
        <Show when={props.selection.chosen().length > 0} fallback="Choose all shown">
          {plural(props.selection.chosen().length, 'model')} chosen
        </Show>
      </label>
      <Button
        size="small"
        variant="primary"
        disabledReason={nothing(props.selection.loadable().length, 'None of them can be loaded now')}
        onPress={() => void props.selection.loadAll()}
      >
        Load {props.selection.loadable().length || ''}
      </Button>
      <Button
        size="small"
        disabledReason={nothing(props.selection.unloadable().length, 'None of them is loaded')}
        onPress={props.selection.unloadAll}
      >
        Unload {props.selection.unloadable().length || ''}
      </Button>
      <Button
        size="small"
        disabledReason={nothing(props.selection.unpinned().length, 'All of them are pinned')}
        onPress={() => props.selection.pinAll(true)}
      >
        Pin {props.selection.unpinned().length || ''}
      </Button>
      <Button
        size="small"
        disabledReason={nothing(props.selection.pinned().length, 'None of them is pinned')}
        onPress={() => props.selection.pinAll(false)}
      >
        Unpin {props.selection.pinned().length || ''}
      </Button>
      <Button
        size="small"
        icon="trash"
        label="Take them out of the list"
        disabledReason={nothing(props.selection.chosen().length, 'None is chosen')}
        onPress={props.selection.removeAll}
      >
        Remove {props.selection.chosen().length || ''}
      </Button>
    </div>
  );
};
