/** Questions to a page whose answers are computed inside of it. */
import type { Locator, Page } from 'playwright-core';

/** The DOM as far as these checks use it: tests are compiled without its types, so that `src` cannot lean on them. */
interface PageElement {
  readonly tagName: string;
  readonly className: string;
  readonly namespaceURI: string | null;
  readonly textContent: string;
  readonly outerHTML: string;
  readonly parentElement: PageElement | null;
  readonly childNodes: Iterable<{ nodeType: number; textContent: string | null }>;
  readonly scrollWidth: number;
  getAttribute(name: string): string | null;
  closest(selector: string): PageElement | null;
  checkVisibility(): boolean;
}
interface Pen {
  fillStyle: string;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  getImageData(x: number, y: number, width: number, height: number): { data: Iterable<number> };
}
interface Canvas {
  width: number;
  height: number;
  getContext(kind: '2d', options: { willReadFrequently: boolean }): Pen | null;
}
declare const document: {
  readonly body: PageElement;
  readonly documentElement: PageElement;
  readonly activeElement: PageElement | null;
  getElementById(id: string): PageElement | null;
  querySelector(selector: string): PageElement | null;
  querySelectorAll(selector: string): Iterable<PageElement> & { length: number };
  createElement(name: 'canvas'): Canvas;
  getAnimations(): Iterable<{ finished: Promise<unknown> }>;
};
declare const getComputedStyle: (element: PageElement) => {
  color: string;
  backgroundColor: string;
  opacity: string;
  fontSize: string;
  fontWeight: string;
};
declare const navigator: { clipboard: { readText(): Promise<string> } };
declare const MutationObserver: new (listener: () => void) => {
  observe(target: PageElement, options: { childList: boolean; subtree: boolean }): void;
};

/** Label, else text, of what has the focus. */
export const focused = (page: Page): Promise<string | undefined> =>
  page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);

export const hasFocus = (locator: Locator): Promise<boolean> =>
  locator.evaluate((element: unknown) => element === document.activeElement);

export const clipboard = (page: Page): Promise<string> => page.evaluate(() => navigator.clipboard.readText());

export const groundColour = (page: Page): Promise<string> =>
  page.evaluate(() => getComputedStyle(document.body).backgroundColor);

export const contentWidth = (page: Page): Promise<number> => page.evaluate(() => document.documentElement.scrollWidth);

/** Watches from now on whether the list loses rows or a skeleton shows; call what it returns to know how often. */
export const watchForFlashes = async (page: Page): Promise<() => Promise<number>> => {
  await page.evaluate(() => {
    const rows = document.querySelectorAll('.row').length;
    const seen = { flashes: 0 };
    Object.assign(globalThis, { seen });
    new MutationObserver(() => {
      const skeleton = document.querySelector('.skeleton') !== null;
      if (skeleton || document.querySelectorAll('.row').length < rows) seen.flashes += 1;
    }).observe(document.body, { childList: true, subtree: true });
  });
  return () => page.evaluate(() => (globalThis as unknown as { seen: { flashes: number } }).seen.flashes);
};

/** Controls without an accessible name, as their markup. */
export const namelessControls = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll('button, a[href], input, select, dialog, [role=progressbar], [role=meter]')]
      .filter((control) => {
        const id = control.getAttribute('aria-labelledby');
        const labelledBy = id === null ? '' : (document.getElementById(id)?.textContent ?? '');
        const names = [
          control.getAttribute('aria-label') ?? '',
          control.textContent,
          control.closest('label')?.textContent ?? '',
          labelledBy,
        ];
        return names.every((text) => text.trim() === '');
      })
      .map((control) => control.outerHTML.slice(0, 120)),
  );

/**
 * Text whose contrast is below WCAG AA: 4.5, or 3 for large type (24 px, or 18.66 px bold). What is switched off is exempt,
 * as in the standard. Colours go through a canvas, so that every notation is understood.
 */
export const lowContrast = (page: Page): Promise<string[]> =>
  page.evaluate(async () => {
    // What fades in has no contrast at first. Asked for with reduced motion, so that every animation ends.
    await Promise.allSettled([...document.getAnimations()].map((animation) => animation.finished));
    type Colour = [number, number, number, number];
    const canvas = document.createElement('canvas');
    canvas.width = 1;
    canvas.height = 1;
    const pen = canvas.getContext('2d', { willReadFrequently: true });
    if (pen === null) throw new Error('This browser draws no canvas.');
    const read = (colour: string): Colour => {
      pen.clearRect(0, 0, 1, 1);
      pen.fillStyle = colour;
      pen.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0, a = 0] = [...pen.getImageData(0, 0, 1, 1).data];
      return [r, g, b, a / 255];
    };
    const over = (top: Colour, below: Colour): Colour => {
      const mix = (index: 0 | 1 | 2): number => top[index] * top[3] + below[index] * (1 - top[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const groundOf = (element: PageElement): Colour => {
      const layers: Colour[] = [];
      for (let at: PageElement | null = element; at !== null; at = at.parentElement) {
        layers.push(read(getComputedStyle(at).backgroundColor));
        if (layers.at(-1)?.[3] === 1) break;
      }
      return layers.reduceRight<Colour>((below, layer) => over(layer, below), [255, 255, 255, 1]);
    };
    const opacityOf = (element: PageElement): number => {
      let opacity = 1;
      for (let at: PageElement | null = element; at !== null; at = at.parentElement)
        opacity *= Number(getComputedStyle(at).opacity);
      return opacity;
    };
    const luminance = ([r, g, b]: Colour): number => {
      const linear = (channel: number): number => {
        const share = channel / 255;
        return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const exempt = '.visually-hidden, .skip-link, [aria-disabled=true], [aria-hidden=true], option, svg';
    const scope = document.querySelector('dialog[open]') === null ? '*' : 'dialog[open] *';
    const found = new Set<string>();
    for (const element of document.querySelectorAll(scope)) {
      const own = [...element.childNodes].some((node) => node.nodeType === 3 && (node.textContent ?? '').trim() !== '');
      if (!own || !element.checkVisibility() || element.closest(exempt) !== null) continue;
      const style = getComputedStyle(element);
      const ground = groundOf(element);
      const [r, g, b, a] = read(style.color);
      const ink = over([r, g, b, a * opacityOf(element)], ground);
      const [dark = 0, light = 0] = [luminance(ink), luminance(ground)].sort((x, y) => x - y);
      const ratio = (light + 0.05) / (dark + 0.05);
      const size = Number.parseFloat(style.fontSize);
      const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
      if (ratio < (large ? 3 : 4.5)) {
        const text = element.textContent.trim().slice(0, 30);
        found.add(`${ratio.toFixed(2)} <${element.tagName.toLowerCase()} class="${element.className}"> ${text}`);
      }
    }
    return [...found];
  });
