/** Sends a file as the body of a request, and tells how far it is: `fetch` cannot say that of an upload. */
import { CodedError, isErrorCode } from '../../../src/contracts/errors.ts';
import type { MediaView } from '../../../src/contracts/media.ts';

interface Answer {
  data?: { media?: MediaView } | null;
  error?: { code?: unknown; message?: unknown } | null;
}

const parsed = (text: string): Answer => {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
};

/** Rejects with a CodedError; `onProgress` hears percent. */
export const sendFile = (address: string, file: File, onProgress: (percent: number) => void): Promise<MediaView> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? (loaded / total) * 100 : 0);
    request.onload = () => {
      const { data, error } = parsed(request.responseText);
      if (data?.media !== undefined) resolve(data.media);
      else
        reject(
          new CodedError(
            isErrorCode(error?.code) ? error.code : 'INTERNAL',
            typeof error?.message === 'string'
              ? error.message
              : `The server answered with HTTP ${String(request.status)}.`,
          ),
        );
    };
    request.onerror = () =>
      reject(new CodedError('UPSTREAM_FAILED', 'The connection was lost; the file was not sent.'));
    request.send(file);
  });
