import { createMemo, For } from 'solid-js';
import type { JSX } from 'solid-js';
import { ansiSpans } from './ansi.ts';
import './log-message.css';

/** The parts of `text` that are `needle`, in any case, and those between them. */
const partsOf = (text: string, needle: string): { text: string; hit: boolean }[] => {
  if (needle === '') return [{ text, hit: false }];
  const [low, wanted] = [text.toLowerCase(), needle.toLowerCase()];
  const parts: { text: string; hit: boolean }[] = [];
  let from = 0;
  for (let at = low.indexOf(wanted); at !== -1; at = low.indexOf(wanted, from)) {
    if (at > from) parts.push({ text: text.slice(from, at), hit: false });
    parts.push({ text: text.slice(at, at + wanted.length), hit: true });
    from = at + wanted.length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), hit: false });
  return parts;
};

/** A message with its terminal colours, in the page's own shades of them, and with what is searched for marked. */
export const LogMessage = (props: { text: string; marked: string }): JSX.Element => {
  const spans = createMemo(() => ansiSpans(props.text));
  return (
    <span class="log-message">
      <For each={spans()}>
        {(span) => (
          <span data-colour={span.colour ?? undefined} data-bold={span.bold ? '' : undefined}>
            <For each={partsOf(span.text, props.marked)}>
              {(part) => (part.hit ? <mark class="log-message__hit">{part.text}</mark> : part.text)}
            </For>
          </span>
        )}
      </For>
    </span>
  );
};
