import { A } from '@solidjs/router';
import type { JSX } from 'solid-js';
import './configuration.css';

/** The two halves of the configuration. */
export const ConfigurationTabs = (): JSX.Element => (
  <nav class="tabs" aria-label="Parts of the configuration">
    <A class="tab" href="/configuration" end activeClass="tab--active">
      Keys
    </A>
    <A class="tab" href="/configuration/presets" activeClass="tab--active">
      Presets
    </A>
  </nav>
);
