import fs from 'node:fs/promises';

/** The part of the file system that fetching uses. A test replaces it to make a write fail as a full disk does. */
export type DownloadFs = Pick<typeof fs, 'open' | 'mkdir' | 'statfs'>;

export const nodeFs: DownloadFs = fs;
