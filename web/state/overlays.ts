/** What may lie over any page: the command palette and the sheet of shortcuts. */
import { createSignal } from 'solid-js';
import type { Accessor } from 'solid-js';

export interface Overlays {
  /** What the palette starts with, or null while it is closed. */
  palette: Accessor<string | null>;
  openPalette: (text?: string) => void;
  closePalette: () => void;
  help: Accessor<boolean>;
  setHelp: (open: boolean) => void;
}

export const createOverlays = (): Overlays => {
  const [palette, setPalette] = createSignal<string | null>(null);
  const [help, setHelp] = createSignal(false);
  return {
    palette,
    openPalette: (text = '') => {
      setHelp(false);
      setPalette(text);
    },
    closePalette: () => setPalette(null),
    help,
    setHelp,
  };
};
