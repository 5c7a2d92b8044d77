/** `downloads:*`: models from Hugging Face repositories and plain addresses. */
import { z } from 'zod';
import type { DownloadOptionsView, DownloadView } from '../downloads.ts';
import { empty, name, returns } from './define.ts';

const source = z.string().trim().min(1, 'source is required').max(4096);
const download = z.object({ id: z.string().min(1).max(128) });

export const downloadsCommands = {
  'downloads:start': returns<{ download: DownloadView }>()(
    'operate',
    z.object({ source, quant: name.optional(), file: name.optional() }),
    'Fetches a model: `hf:owner/repo`, also with `:quant` or `:file`, or the address of a GGUF file; answers when it is noted, progress is broadcast.',
  ),
  'downloads:list': returns<{ downloads: DownloadView[] }>()('observe', empty, 'All downloads, newest first.'),
  'downloads:options': returns<{ options: DownloadOptionsView }>()(
    'operate',
    z.object({ source }),
    'The variants that a source offers, with sizes, and whether this machine can hold them.',
  ),
  'downloads:cancel': returns<{ download: DownloadView }>()(
    'operate',
    download,
    'Ends a download and removes what was fetched; one that has ended stays as it is.',
  ),
  'downloads:retry': returns<{ download: DownloadView }>()(
    'operate',
    download,
    'Tries a failed or cancelled download again, going on from what is there.',
  ),
  'downloads:remove': returns<{ removedId: string }>()(
    'operate',
    download,
    'Forgets a download; one that runs is cancelled first, and the files of one that is done stay.',
  ),
} as const;
