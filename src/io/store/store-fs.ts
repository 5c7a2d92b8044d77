import fs from 'node:fs/promises';

/** The part of the file system that documents use. A test replaces it to count calls or to make one of them fail. */
export type StoreFs = Pick<typeof fs, 'copyFile' | 'link' | 'mkdir' | 'open' | 'readFile' | 'rename' | 'unlink'>;

export const nodeFs: StoreFs = fs;
