import { createSignal, onCleanup } from 'solid-js';
import type { JSX } from 'solid-js';
import { IconButton } from './button.tsx';

/** How long "Copied" is shown, ms. */
const SHOWN = 1600;

/**
 * Puts text on the clipboard. A page that came over plain HTTP from another machine has no clipboard API, so the old way
 * through a selection is the second one. Rejects when neither works.
 */
export const copyText = async (text: string): Promise<void> => {
  // Typed as always there, but browsers leave it out of insecure contexts.
  const clipboard = (navigator as Partial<Navigator>).clipboard;
  if (clipboard !== undefined) {
    await clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  // Inside an open dialog everything outside of it is inert, and an inert field cannot be selected.
  (document.querySelector('dialog[open]') ?? document.body).append(area);
  area.select();
  const done = document.execCommand('copy');
  area.remove();
  if (!done) throw new Error('The browser does not allow copying; select the text and copy it by hand.');
};

export const CopyButton = (props: {
  text: string;
  label: string;
  onFailure: (error: unknown) => void;
}): JSX.Element => {
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => {
    clearTimeout(timer);
  });
  const copy = (): void => {
    copyText(props.text).then(() => {
      setCopied(true);
      clearTimeout(timer);
      timer = setTimeout(() => setCopied(false), SHOWN);
    }, props.onFailure);
  };
  return (
    <span class="copy" data-copied={copied() ? '' : undefined}>
      <IconButton icon={copied() ? 'check' : 'copy'} label={copied() ? 'Copied' : props.label} onPress={copy} />
      <span class="visually-hidden" role="status">
        {copied() ? 'Copied' : ''}
      </span>
    </span>
  );
};
