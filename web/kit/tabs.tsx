import { A } from '@solidjs/router';
import { For } from 'solid-js';
import type { JSX } from 'solid-js';
import './tabs.css';

export interface Tab {
  path: string;
  label: string;
}

/** The parts of one page, each with an address of its own. Addresses below the first one's belong to the others. */
export const Tabs = (props: { label: string; tabs: readonly Tab[] }): JSX.Element => (
  <nav class="tabs" aria-label={props.label}>
    <For each={props.tabs}>
      {(tab, index) => (
        <A class="tab" href={tab.path} end={index() === 0} activeClass="tab--active">
          {tab.label}
        </A>
      )}
    </For>
  </nav>
);
