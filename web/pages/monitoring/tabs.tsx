import type { JSX } from 'solid-js';
import { Tabs } from '../../kit/tabs.tsx';

/** What is measured, what was asked for, and what was in memory when. */
export const MonitoringTabs = (): JSX.Element => (
  <Tabs
    label="Parts of the monitoring"
    tabs={[
      { path: '/monitoring', label: 'Charts' },
      { path: '/monitoring/requests', label: 'Requests' },
      { path: '/monitoring/timeline', label: 'Timeline' },
    ]}
  />
);
