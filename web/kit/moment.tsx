import type { JSX } from 'solid-js';
import { exact, relative } from '../format/time.ts';
import { useApp } from '../state/app.tsx';

/** A relative time with the exact one on hover. `at` is epoch ms. */
export const Moment = (props: { at: number }): JSX.Element => {
  const app = useApp();
  return (
    <time dateTime={new Date(props.at).toISOString()} data-tip={exact(props.at)}>
      {relative(props.at, app.now())}
    </time>
  );
};
