import { For } from 'solid-js';
import type { JSX } from 'solid-js';
import { Modal } from '../kit/modal.tsx';
import { isMac, SHORTCUTS } from './keys.ts';
import './help-sheet.css';

const keysOf = (press: string): string[] =>
  press.split(' ').map((key) => (key === 'Mod' ? (isMac() ? '⌘' : 'Ctrl') : key));

export const HelpSheet = (props: { onClose: () => void }): JSX.Element => (
  <Modal title="Keyboard shortcuts" wide onClose={() => props.onClose()}>
    <div class="modal__body shortcuts">
      <For each={SHORTCUTS}>
        {(group) => (
          <section class="shortcuts__group">
            <h3 class="shortcuts__heading">{group.group}</h3>
            <dl>
              <For each={group.keys}>
                {(key) => (
                  <div class="shortcuts__row">
                    <dt>{key.does}</dt>
                    <dd>
                      <For each={keysOf(key.press)}>{(name) => <kbd class="kbd">{name}</kbd>}</For>
                    </dd>
                  </div>
                )}
              </For>
            </dl>
          </section>
        )}
      </For>
    </div>
  </Modal>
);
