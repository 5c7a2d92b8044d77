/** Sends a file as the body of a request, and tells how far it is: `fetch` cannot say that of an upload. */
import { CodedError, isErrorCode } from '../../src/contracts/errors.ts';

interface Answer<T> {
  data?: T | null;
  error?: { code?: unknown; message?: unknown } | null;
}

const parsed = <T>(text: string): Answer<T> => {
  try {
    return JSON.parse(text) as Answer<T>;
  } catch {
    return {};
  }
};

/** Resolves with the `data` of the answer, rejects with a CodedError; `onProgress` hears percent. */
export const sendFile = <T extends object>(
  address: string,
  file: File,
  onProgress: (percent: number) => void,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', address);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total > 0 ? (loaded / total) * 100 : 0);
    request.onload = () => {
      const { data, error } = parsed<T>(request.responseText);
      if (request.status < 400 && data !== undefined && data !== null) resolve(data);
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
