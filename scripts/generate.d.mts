import type { Generator } from './generators.mjs';

/** What must change for the files of one generator to be current: path → new content, or null to remove it. */
export function outdated(generator: Generator): Promise<Map<string, string | null>>;
