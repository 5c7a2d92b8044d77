import type { JSX } from 'solid-js';
import { plural } from '../../format/numbers.ts';
import { Button } from '../../kit/button.tsx';
import { useApp } from '../../state/app.tsx';

const summary = (result: { found: number; added: number; updated: number; removed: number }): string => {
  const changes = [
    result.added > 0 ? `${String(result.added)} new` : null,
    result.updated > 0 ? `${String(result.updated)} changed` : null,
    result.removed > 0 ? `${String(result.removed)} gone` : null,
  ].filter((change) => change !== null);
  return changes.length === 0 ? 'Nothing has changed.' : `${changes.join(', ')}.`;
};

export const RescanButton = (): JSX.Element => {
  const app = useApp();
  const scan = async (): Promise<void> => {
    const result = await app.client.request('models:scan', {});
    app.toasts.show({ tone: 'success', title: `${plural(result.found, 'model')} found`, body: summary(result) });
  };
  return (
    <Button
      icon="refresh"
      failure="The folders were not searched"
      disabledReason={app.isLive() ? null : 'Not connected to Llamactor'}
      onPress={scan}
    >
      Rescan
    </Button>
  );
};
