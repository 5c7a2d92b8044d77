import { Route, Router } from '@solidjs/router';
import { lazy, onMount } from 'solid-js';
import type { JSX } from 'solid-js';
import { BASE } from './net/base.ts';
import { NotFound } from './pages/not-found.tsx';
import { Shell } from './shell/shell.tsx';
import { AppProvider } from './state/app.tsx';

// One chunk per page: the first load carries the shell and the page that was asked for.
const HomePage = lazy(() => import('./pages/home/home-page.tsx'));
const ModelsPage = lazy(() => import('./pages/models/models-page.tsx'));
const ChatPage = lazy(() => import('./pages/chat/chat-page.tsx'));
const ChannelsPage = lazy(() => import('./pages/channels/channels-page.tsx'));
const AgentsPage = lazy(() => import('./pages/agents/agents-page.tsx'));
const ToolsPage = lazy(() => import('./pages/tools/tools-page.tsx'));
const MonitoringPage = lazy(() => import('./pages/monitoring/monitoring-page.tsx'));
const RunsPage = lazy(() => import('./pages/runs/runs-page.tsx'));
const SessionsPage = lazy(() => import('./pages/sessions/sessions-page.tsx'));
const ActivityPage = lazy(() => import('./pages/activity/activity-page.tsx'));
const TimelinePage = lazy(() => import('./pages/timeline/timeline-page.tsx'));
const LogsPage = lazy(() => import('./pages/logs/logs-page.tsx'));
const ConfigurationPage = lazy(() => import('./pages/configuration/configuration-page.tsx'));
const PresetsPage = lazy(() => import('./pages/configuration/presets-page.tsx'));
const MediaPage = lazy(() => import('./pages/media/media-page.tsx'));
const InspectorPage = lazy(() => import('./pages/inspector/inspector-page.tsx'));
const AuditPage = lazy(() => import('./pages/audit/audit-page.tsx'));
const SettingsPage = lazy(() => import('./pages/settings/settings-page.tsx'));
const KeysPage = lazy(() => import('./pages/keys/keys-page.tsx'));

const ALL = [
  HomePage,
  ModelsPage,
  ChatPage,
  ChannelsPage,
  AgentsPage,
  ToolsPage,
  MonitoringPage,
  RunsPage,
  SessionsPage,
  ActivityPage,
  TimelinePage,
  LogsPage,
  ConfigurationPage,
  PresetsPage,
  MediaPage,
  InspectorPage,
  AuditPage,
  SettingsPage,
  KeysPage,
];
/** How long after the first page the others are fetched, ms. */
const WARM_AFTER = 1500;

/** Once the first page stands the others come too: they open at once then, and also while the server is away. */
const warm = (): void => {
  // One that cannot be fetched now is fetched when it is opened.
  setTimeout(() => ALL.forEach((page) => void page.preload().catch(() => undefined)), WARM_AFTER);
};

export const Dashboard = (): JSX.Element => {
  onMount(warm);
  return (
    <AppProvider>
      <Router root={Shell} base={BASE}>
        <Route path="/" component={HomePage} />
        <Route path="/models" component={ModelsPage} />
        <Route path="/chat/:id?" component={ChatPage} />
        <Route path="/channels/agents/:id?" component={AgentsPage} />
        <Route path="/channels/tools" component={ToolsPage} />
        <Route path="/channels/:id?" component={ChannelsPage} />
        <Route path="/monitoring" component={MonitoringPage} />
        <Route path="/runs/:id?" component={RunsPage} />
        <Route path="/sessions/:id?" component={SessionsPage} />
        <Route path="/monitoring/requests" component={ActivityPage} />
        <Route path="/monitoring/timeline" component={TimelinePage} />
        <Route path="/logs" component={LogsPage} />
        <Route path="/configuration" component={ConfigurationPage} />
        <Route path="/configuration/presets/:name?" component={PresetsPage} />
        <Route path="/media" component={MediaPage} />
        <Route path="/inspector" component={InspectorPage} />
        <Route path="/audit" component={AuditPage} />
        <Route path="/settings" component={SettingsPage} />
        <Route path="/settings/keys" component={KeysPage} />
        <Route path="*" component={NotFound} />
      </Router>
    </AppProvider>
  );
};
