import { Route, Router } from '@solidjs/router';
import { lazy } from 'solid-js';
import type { JSX } from 'solid-js';
import { NotFound } from './pages/not-found.tsx';
import { Shell } from './shell/shell.tsx';
import { AppProvider } from './state/app.tsx';

// One chunk per page: the first load carries the shell and the page that was asked for.
const HomePage = lazy(() => import('./pages/home/home-page.tsx'));
const ModelsPage = lazy(() => import('./pages/models/models-page.tsx'));
const ChatPage = lazy(() => import('./pages/chat/chat-page.tsx'));
const MonitoringPage = lazy(() => import('./pages/monitoring/monitoring-page.tsx'));
const LogsPage = lazy(() => import('./pages/logs/logs-page.tsx'));
const ConfigurationPage = lazy(() => import('./pages/configuration/configuration-page.tsx'));
const PresetsPage = lazy(() => import('./pages/configuration/presets-page.tsx'));
const SettingsPage = lazy(() => import('./pages/settings/settings-page.tsx'));

export const Dashboard = (): JSX.Element => (
  <AppProvider>
    <Router root={Shell}>
      <Route path="/" component={HomePage} />
      <Route path="/models" component={ModelsPage} />
      <Route path="/chat/:id?" component={ChatPage} />
      <Route path="/monitoring" component={MonitoringPage} />
      <Route path="/logs" component={LogsPage} />
      <Route path="/configuration" component={ConfigurationPage} />
      <Route path="/configuration/presets/:name?" component={PresetsPage} />
      <Route path="/settings" component={SettingsPage} />
      <Route path="*" component={NotFound} />
    </Router>
  </AppProvider>
);
