import { A } from '@solidjs/router';
import type { JSX } from 'solid-js';
import { EmptyState } from '../kit/empty-state.tsx';

export const NotFound = (): JSX.Element => (
  <EmptyState title="There is no such page">
    <p>
      The address may be old or mistyped. <A href="/models">Go to the models</A>.
    </p>
  </EmptyState>
);
