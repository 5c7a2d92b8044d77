import type { JSX } from 'solid-js';
import { Tabs } from '../../kit/tabs.tsx';

/** How the dashboard behaves, and who may use the server. */
export const SettingsTabs = (): JSX.Element => (
  <Tabs
    label="Parts of the settings"
    tabs={[
      { path: '/settings', label: 'General' },
      { path: '/settings/keys', label: 'Keys' },
    ]}
  />
);
