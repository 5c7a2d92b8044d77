import { createEffect, createSignal, Index, on, onCleanup, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { CopyButton } from '../../kit/copy.tsx';
import { useApp } from '../../state/app.tsx';
import type { CodePiece } from './code-pieces.ts';
import './code-block.css';

/** While code is being written it is coloured anew this often, ms; what came since then is plain. */
const COLOUR_EVERY = 150;
/** Characters beyond which colours are not worth the wait. */
const MOST = 50_000;

interface Coloured {
  code: string;
  pieces: readonly CodePiece[];
}

/** The pieces that `code` begins with, and what is left of it. A text that is not the beginning of `code` any more counts for nothing. */
const split = (code: string, coloured: Coloured | null): { pieces: readonly CodePiece[]; rest: string } =>
  coloured !== null && code.startsWith(coloured.code)
    ? { pieces: coloured.pieces, rest: code.slice(coloured.code.length) }
    : { pieces: [], rest: code };

export const CodeBlock = (props: { code: string; language: string }): JSX.Element => {
  const app = useApp();
  const [coloured, setColoured] = createSignal<Coloured | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  let newest = { code: '', language: '' };
  const colour = async (): Promise<void> => {
    const { highlight } = await import('./highlight.ts');
    timer = undefined;
    if (gone) return;
    const { code, language } = newest;
    const pieces = code.length > MOST ? null : highlight(code, language.toLowerCase());
    setColoured(pieces === null ? null : { code, pieces });
  };
  createEffect(
    on([() => props.code, () => props.language], ([code, language], before) => {
      newest = { code, language };
      if (language === '' || timer !== undefined) return;
      // Plain code is code as well: a page that was opened before an update finds its chunk no more.
      timer = setTimeout(() => void colour().catch(() => undefined), before === undefined ? 0 : COLOUR_EVERY);
    }),
  );
  onCleanup(() => {
    gone = true;
    clearTimeout(timer);
  });
  const parts = (): ReturnType<typeof split> => split(props.code, coloured());
  return (
    <div class="md-code">
      <div class="md-code__head">
        <span>{props.language || 'text'}</span>
        <CopyButton
          text={props.code}
          label="Copy the code"
          onFailure={(error) => app.toasts.failure('The code was not copied', error)}
        />
      </div>
      <pre tabindex="0" aria-label={`Code${props.language === '' ? '' : `, ${props.language}`}`}>
        <code>
          <Index each={parts().pieces}>
            {(piece) => (
              <Show when={piece().scope} fallback={piece().text}>
                {(scope) => <span class={scope()}>{piece().text}</span>}
              </Show>
            )}
          </Index>
          {parts().rest}
        </code>
      </pre>
    </div>
  );
};
