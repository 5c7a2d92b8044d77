/** Where a download's files go. Names come from the network, so nothing in them may lead out of the folder or hide a file. */
import path from 'node:path';

const LONGEST = 200;
/** Control characters, separators, and what Windows forbids. */
const FORBIDDEN = /[\p{Cc}/\\:*?"<>|]/gu;

/** One name, usable as a file or folder on every platform: never empty, hidden, `.` or `..`. */
export const safeName = (name: string): string => {
  const plain = name
    .replaceAll(FORBIDDEN, '_')
    .replace(/^[.\s]+/, '')
    .replace(/[.\s]+$/, '');
  const extension = path.extname(plain).slice(0, 12);
  const cut = plain.length > LONGEST ? `${plain.slice(0, LONGEST - extension.length)}${extension}` : plain;
  return cut === '' ? 'model' : cut;
};

/** `<models>/<owner>/<repo>/<file>`; folders inside a repository are left out, so that shards and projector lie together. */
export const targetOf = (modelsDir: string, folders: readonly string[], file: string): string =>
  path.join(modelsDir, ...folders.map(safeName), safeName(path.posix.basename(file)));

/** The folder of the parts. Hidden, so that no scan takes a part for a broken model; on the same disk as the models. */
export const partsDir = (modelsDir: string, id: string): string => path.join(modelsDir, '.downloads', safeName(id));
export const partOf = (folder: string, name: string): string => path.join(folder, `${name}.part`);
