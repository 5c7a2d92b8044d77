/** Asks before what was typed and not stored would be lost. */
import { useBeforeLeave } from '@solidjs/router';
import { onCleanup, onMount } from 'solid-js';
import type { Accessor } from 'solid-js';
import type { App } from '../../state/app.tsx';

export const useDraftGuard = (app: Pick<App, 'confirm'>, dirty: Accessor<boolean>): void => {
  useBeforeLeave((event) => {
    const { to } = event;
    // Filters of this page are in its address; writing them there leaves nothing.
    const stays = typeof to === 'string' && to.split(/[?#]/)[0] === event.from.pathname;
    if (!dirty() || stays || event.defaultPrevented) return;
    event.preventDefault();
    void app.confirm
      .ask({
        title: 'Leave without storing?',
        body: 'What you changed here is not stored and will be lost.',
        confirm: 'Leave',
        cancel: 'Stay',
      })
      .then((yes) => {
        if (yes) event.retry(true);
      });
  });
  const onUnload = (event: BeforeUnloadEvent): void => {
    if (dirty()) event.preventDefault();
  };
  onMount(() => window.addEventListener('beforeunload', onUnload));
  onCleanup(() => window.removeEventListener('beforeunload', onUnload));
};
