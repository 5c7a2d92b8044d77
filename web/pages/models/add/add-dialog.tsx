import { Match, Switch } from 'solid-js';
import type { JSX } from 'solid-js';
import { Segmented } from '../../../kit/field.tsx';
import { Modal } from '../../../kit/modal.tsx';
import { DownloadPanel } from './download-panel.tsx';
import { ImportPanel } from './import-panel.tsx';
import { RecordPanel } from './record-panel.tsx';
import './add.css';

const WAYS = [
  { value: 'download', label: 'Download' },
  { value: 'record', label: 'From a file' },
  { value: 'import', label: 'From llama-swap' },
] as const;
export type AddWay = (typeof WAYS)[number]['value'];
export const isAddWay = (value: unknown): value is AddWay => WAYS.some((way) => way.value === value);

/** The ways in which a model comes into the list. */
export const AddDialog = (props: {
  way: AddWay;
  /** What is to be downloaded; empty while nobody has said. */
  source: string;
  onWay: (way: AddWay) => void;
  onSource: (source: string) => void;
  /** With the id of what came of it. */
  onMade: (id: string) => void;
  onClose: () => void;
}): JSX.Element => (
  <Modal title="Add models" wide onClose={() => props.onClose()}>
    <div class="modal__body add">
      <Segmented label="How" value={props.way} choices={WAYS} onChange={(way) => props.onWay(way)} />
      <Switch>
        <Match when={props.way === 'download'}>
          <DownloadPanel source={props.source} onSource={(source) => props.onSource(source)} />
        </Match>
        <Match when={props.way === 'record'}>
          <RecordPanel onMade={(id) => props.onMade(id)} />
        </Match>
        <Match when={props.way === 'import'}>
          <ImportPanel onDone={() => props.onClose()} />
        </Match>
      </Switch>
    </div>
  </Modal>
);
