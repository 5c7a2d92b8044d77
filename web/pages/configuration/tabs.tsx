import type { JSX } from 'solid-js';
import { Tabs } from '../../kit/tabs.tsx';
import './configuration.css';

/** The two halves of the configuration. */
export const ConfigurationTabs = (): JSX.Element => (
  <Tabs
    label="Parts of the configuration"
    tabs={[
      { path: '/configuration', label: 'Keys' },
      { path: '/configuration/presets', label: 'Presets' },
    ]}
  />
);
