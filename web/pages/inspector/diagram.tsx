import { createEffect } from 'solid-js';
import type { JSX } from 'solid-js';
import engine from '../../../visualizations/engine.svg?raw';
import model from '../../../visualizations/model.svg?raw';
import router from '../../../visualizations/router.svg?raw';
import supervisor from '../../../visualizations/supervisor.svg?raw';

const DRAWINGS: Readonly<Record<string, string>> = { engine, model, router, supervisor };

const STYLE = /<style>([\s\S]*?)<\/style>/;

/** All drawings bring the same style. It becomes a sheet of the page: a content policy need not allow styles in markup for it. */
const adoptStyle = (): void => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE.exec(model)?.[1] ?? '');
  document.adoptedStyleSheets.push(sheet);
};
let adopted = false;

/** Whether a diagram of this machine was drawn. */
export const isDrawn = (machine: string | null): boolean => machine !== null && Object.hasOwn(DRAWINGS, machine);

/**
 * The machine's own diagram, drawn from its definition when this page was built, with the present state lit and the edge that
 * led to it. The text is part of this build and holds nothing that anybody sent.
 */
export const Diagram = (props: { machine: string; state: string | null; before: string | null }): JSX.Element => {
  let host: HTMLDivElement | undefined;
  createEffect(() => {
    const machine = props.machine;
    const state = props.state;
    const before = props.before;
    if (host === undefined) return;
    if (!adopted) {
      adopted = true;
      adoptStyle();
    }
    if (host.dataset['machine'] !== machine) {
      host.dataset['machine'] = machine;
      host.innerHTML = (DRAWINGS[machine] ?? '').replace(STYLE, '');
    }
    for (const lit of host.querySelectorAll('[data-active], [data-lit]')) {
      lit.removeAttribute('data-active');
      lit.removeAttribute('data-lit');
    }
    if (state === null) return;
    host.querySelector(`[data-state="${CSS.escape(state)}"]`)?.setAttribute('data-active', '');
    if (before === null || before === state) return;
    host
      .querySelector(`[data-from="${CSS.escape(before)}"][data-to="${CSS.escape(state)}"]`)
      ?.setAttribute('data-lit', '');
  });
  return <div class="statechart" ref={host} />;
};
