import type { JSX } from 'solid-js';
import { Button } from './button.tsx';
import './to-end.css';

/** Over the end of something that grows, while it is read further up. Its parent must be positioned. */
export const ToEnd = (props: { onPress: () => void }): JSX.Element => (
  <div class="to-end">
    <Button size="small" onPress={() => props.onPress()}>
      To the end
    </Button>
  </div>
);
