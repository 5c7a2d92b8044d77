/** What a person does on the picture of a browser, as the browser is told it. Pure but for the queue. */
import type { SessionInput } from '../../../src/contracts/sessions.ts';

/** A key as Playwright calls it; null for those that only hold others, and those that stay with the page. */
export const keyOf = (
  event: Pick<KeyboardEvent, 'key' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>,
): SessionInput | null => {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  // Tab leaves the picture, as it leaves everything: a button beside it sends one.
  if (
    ['Control', 'Shift', 'Alt', 'AltGraph', 'Meta', 'CapsLock', 'Dead', 'Tab', 'Unidentified', 'Process'].includes(key)
  )
    return null;
  const letter = /^.$/u.test(key);
  const chord = ctrlKey || metaKey || altKey;
  // AltGr types a letter and is told as Control and Alt.
  if (letter && (!chord || (ctrlKey && altKey))) return { kind: 'type', text: key };
  const held = [...(ctrlKey || metaKey ? ['Control'] : []), ...(altKey ? ['Alt'] : []), ...(shiftKey ? ['Shift'] : [])];
  return { kind: 'press', key: [...held, key === ' ' ? 'Space' : key].join('+') };
};

/** Place in the browser of a point on its picture; both in CSS pixels. */
export const placeOf = (
  point: { x: number; y: number },
  box: { left: number; top: number; width: number; height: number },
  viewport: { width: number; height: number },
): { x: number; y: number } => {
  const share = (value: number, size: number): number => (size <= 0 ? 0 : Math.min(1, Math.max(0, value / size)));
  return {
    x: Math.round(share(point.x - box.left, box.width) * viewport.width),
    y: Math.round(share(point.y - box.top, box.height) * viewport.height),
  };
};

const LONGEST = 10_000;
const kept = (value: number): number => Math.min(LONGEST, Math.max(-LONGEST, value));

/** Two inputs that are one: letters of a word, turns of a wheel; null when they are not. */
export const merged = (before: SessionInput, after: SessionInput): SessionInput | null => {
  if (before.kind === 'type' && after.kind === 'type' && before.text.length + after.text.length <= LONGEST)
    return { kind: 'type', text: before.text + after.text };
  if (before.kind === 'scroll' && after.kind === 'scroll')
    return { ...after, dx: kept(before.dx + after.dx), dy: kept(before.dy + after.dy) };
  return null;
};

/**
 * Sends inputs one after the other, in their order; what comes while one is under way is put together where it can be. After a
 * failure what waits is dropped: it was meant for another state of the page.
 */
export const createHand = (
  send: (input: SessionInput) => Promise<unknown>,
  onError: (error: unknown) => void,
): ((input: SessionInput) => void) => {
  let waiting: SessionInput[] = [];
  let busy = false;
  const next = (): void => {
    const input = waiting.shift();
    busy = input !== undefined;
    if (input === undefined) return;
    send(input).then(next, (error: unknown) => {
      waiting = [];
      busy = false;
      onError(error);
    });
  };
  return (input) => {
    const last = waiting.at(-1);
    const together = last === undefined ? null : merged(last, input);
    waiting = together === null ? [...waiting, input] : [...waiting.slice(0, -1), together];
    if (!busy) next();
  };
};
