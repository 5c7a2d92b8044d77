import type { JSX } from 'solid-js';
import { Button } from '../kit/button.tsx';
import { EmptyState } from '../kit/empty-state.tsx';
import { useApp } from '../state/app.tsx';
import { Logo } from './logo.tsx';

/** Nobody answered since the page was opened, so there is nothing to show. */
export const Unreachable = (): JSX.Element => {
  const app = useApp();
  return (
    <EmptyState
      title="Llamactor is not answering"
      art={<Logo size={56} />}
      actions={
        <Button variant="primary" onPress={app.live.connect}>
          Try now
        </Button>
      }
    >
      <p>
        {app.live.connection().problem} Start it with <code>llamactor serve</code>; this page keeps trying by itself.
      </p>
    </EmptyState>
  );
};
