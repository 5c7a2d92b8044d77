import { Navigate, Route, Router } from '@solidjs/router';
import { lazy } from 'solid-js';
import type { JSX } from 'solid-js';
import { ModelsPage } from './pages/models/models-page.tsx';
import { NotFound } from './pages/not-found.tsx';
import { Shell } from './shell/shell.tsx';
import { AppProvider } from './state/app.tsx';

const InspectorPage = lazy(async () => ({
  default: (await import('./pages/inspector/inspector-page.tsx')).InspectorPage,
}));

export const Dashboard = (): JSX.Element => (
  <AppProvider>
    <Router root={Shell}>
      <Route path="/" component={() => <Navigate href="/models" />} />
      <Route path="/models" component={ModelsPage} />
      <Route path="/inspector" component={InspectorPage} />
      <Route path="*" component={NotFound} />
    </Router>
  </AppProvider>
);
