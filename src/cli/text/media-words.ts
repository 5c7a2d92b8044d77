/** How media are put into words, the same in every command. */
import type { MediaParamView, MediaState, MediaView } from '../../contracts/media.ts';
import type { Colour } from './colors.ts';
import { plural } from './format.ts';
import type { Cell } from './table.ts';

const COLOURS: Record<MediaState, Colour> = {
  queued: 'dim',
  running: 'yellow',
  stopping: 'yellow',
  finishing: 'yellow',
  complete: 'green',
  failed: 'red',
  cancelled: 'dim',
};

export const mediaCell = ({ state, progress }: MediaView): Cell => ({
  text: state === 'running' ? `running ${Math.floor(progress)} %` : state,
  colour: COLOURS[state],
});

/** What there is to say beside the state. */
export const mediaDetail = (media: MediaView): string => {
  if (media.error !== null) return media.error;
  if (media.state === 'running') return media.message ?? media.stage;
  if (media.position !== null) return media.position === 0 ? 'next' : `${plural(media.position, 'other')} before it`;
  const size = media.width === null || media.height === null ? '' : `${media.width}×${media.height}`;
  const length = media.seconds === null ? '' : `${media.seconds.toFixed(1)} s`;
  return [media.label ?? media.prompt ?? '', media.mime ?? '', size, length].filter((text) => text !== '').join(', ');
};

const rangeOf = (param: MediaParamView): string => {
  switch (param.type) {
    case 'integer':
    case 'number':
      return `${param.type}${param.min === undefined ? '' : ` from ${param.min}`}${param.max === undefined ? '' : ` to ${param.max}`}`;
    case 'boolean':
      return 'true or false';
    case 'choice':
      return param.choices.join(' | ');
    case 'text':
      return 'text';
    case 'file':
      return (param.files ?? []).slice(0, 8).join(' | ') || `a file (${param.endings.join(', ')})`;
  }
};

/** `width=<integer from 64 to 2048>, 512 by default` */
export const paramLine = (param: MediaParamView): string => {
  const fallback =
    param.default === undefined ? (param.required ? ', needed' : '') : `, ${String(param.default)} by default`;
  return `${param.name}=<${rangeOf(param)}>${fallback}${param.help === undefined ? '' : `. ${param.help}`}`;
};
