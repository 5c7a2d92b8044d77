/**
 * The text of a PDF. Its reader runs in a thread of its own, which is ended when it takes too long or too much memory: a file that
 * was made to hang or to fill the memory costs itself, and not the server.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { CodedError } from '../../contracts/errors.ts';

export interface PdfLimits {
  ms: number;
  /** Of the thread's heap, and how much the process may grow by meanwhile. */
  heapMiB: number;
  growthMiB: number;
  characters: number;
}

const LIMITS: PdfLimits = { ms: 20_000, heapMiB: 256, growthMiB: 768, characters: 2_000_000 };
const LOOK_MS = 100;

/** Pages are read one after the other, so that a long file ends with what there is room for. */
const PROGRAM = `
const { parentPort, workerData } = require('node:worker_threads');
(async () => {
  const { getDocumentProxy } = require(workerData.reader);
  const document = await getDocumentProxy(workerData.bytes, { isEvalSupported: false, stopAtErrors: false });
  let text = '';
  for (let number = 1; number <= document.numPages && text.length < workerData.characters; number += 1) {
    const page = await document.getPage(number);
    const { items } = await page.getTextContent();
    text += items.map((item) => (item.str ?? '') + (item.hasEOL ? '\\n' : '')).join('') + '\\n\\n';
    page.cleanup();
  }
  parentPort.postMessage({ text: text.slice(0, workerData.characters) });
})().catch((error) => parentPort.postMessage({ problem: String(error?.message ?? error).slice(0, 300) }));
`;

const refusal = (why: string): CodedError => new CodedError('INVALID_STATE', `The PDF cannot be read: ${why}.`);

/** Rejects with INVALID_STATE and the reason. */
export const pdfText = async (file: string, limits: Partial<PdfLimits> = {}): Promise<string> => {
  const { ms, heapMiB, growthMiB, characters } = { ...LIMITS, ...limits };
  const reader = createRequire(import.meta.url).resolve('unpdf');
  const bytes = new Uint8Array(await readFile(file));
  const before = process.memoryUsage.rss();
  const worker = new Worker(PROGRAM, {
    eval: true,
    workerData: { reader, bytes, characters },
    resourceLimits: { maxOldGenerationSizeMb: heapMiB },
    env: {},
    stdin: false,
    stdout: true,
    stderr: true,
  });
  let timer: NodeJS.Timeout | undefined;
  let watch: NodeJS.Timeout | undefined;
  try {
    return await new Promise<string>((resolve, reject) => {
      timer = setTimeout(() => reject(refusal(`it took longer than ${Math.round(ms / 1000)} seconds`)), ms);
      watch = setInterval(() => {
        if (process.memoryUsage.rss() - before > growthMiB * 1_048_576) reject(refusal('it takes too much memory'));
      }, LOOK_MS);
      worker.on('message', ({ text, problem }: { text?: string; problem?: string }) => {
        if (text !== undefined) resolve(text);
        else reject(refusal((problem ?? 'it is damaged').replace(/\.$/, '')));
      });
      worker.on('error', (error: NodeJS.ErrnoException) =>
        reject(refusal(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it takes too much memory' : error.message)),
      );
      worker.on('exit', () => reject(refusal('its reader ended')));
    });
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    await worker.terminate();
  }
};
