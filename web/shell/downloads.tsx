import { For, Show } from 'solid-js';
import type { JSX } from 'solid-js';
import { hasEnded } from '../../src/contracts/downloads.ts';
import type { DownloadView } from '../../src/contracts/downloads.ts';
import { bytes } from '../format/numbers.ts';
import { duration } from '../format/time.ts';
import { Button } from '../kit/button.tsx';
import { ProgressBar } from '../kit/progress-bar.tsx';
import { useApp } from '../state/app.tsx';
import './downloads.css';

/** What is on its way, and what failed and waits for a person; what has arrived is a model in the list. */
export const isShown = ({ state }: DownloadView): boolean => !hasEnded(state) || state === 'failed';

const sizes = ({ receivedBytes, totalBytes }: DownloadView): string =>
  totalBytes === null ? bytes(receivedBytes) : `${bytes(receivedBytes)} of ${bytes(totalBytes)}`;

const facts = (download: DownloadView): string =>
  [
    download.stage,
    sizes(download),
    download.bytesPerSecond === null ? null : `${bytes(download.bytesPerSecond)}/s`,
    download.etaSeconds === null ? null : `${duration(download.etaSeconds * 1000)} left`,
  ]
    .filter((part) => part !== null)
    .join(' · ');

const Row = (props: { download: DownloadView }): JSX.Element => {
  const app = useApp();
  const failed = (): boolean => props.download.state === 'failed';
  return (
    <li class="download">
      <div class="download__words">
        <strong>{props.download.source}</strong>
        <Show when={props.download.error} fallback={<span class="download__facts">{facts(props.download)}</span>}>
          {(error) => (
            <span class="download__error" role={failed() ? 'alert' : undefined}>
              {error()}
            </span>
          )}
        </Show>
      </div>
      <Show when={!failed()}>
        <ProgressBar value={props.download.percent} label={`Download of ${props.download.source}`} />
      </Show>
      <div class="download__actions">
        <Show
          when={failed()}
          fallback={
            <Button
              size="small"
              variant="quiet"
              label={`Cancel the download of ${props.download.source}`}
              failure="The download was not cancelled"
              onPress={() => app.client.request('downloads:cancel', { id: props.download.id })}
            >
              Cancel
            </Button>
          }
        >
          <Button
            size="small"
            failure="The download was not started again"
            onPress={() => app.client.request('downloads:retry', { id: props.download.id })}
          >
            Try again
          </Button>
          <Button
            size="small"
            variant="quiet"
            failure="The download was not removed"
            onPress={() => app.client.request('downloads:remove', { id: props.download.id })}
          >
            Remove
          </Button>
        </Show>
      </div>
    </li>
  );
};

/** Downloads with their progress; nothing at all while there are none. */
export const Downloads = (): JSX.Element => {
  const app = useApp();
  const shown = (): DownloadView[] => app.live.downloads().filter(isShown);
  return (
    <Show when={shown().length > 0}>
      <section class="downloads" aria-label="Downloads">
        <ul>
          <For each={shown()}>{(download) => <Row download={download} />}</For>
        </ul>
      </section>
    </Show>
  );
};
