/** Bundles a TypeScript file of this repository into .cache/ and returns the path of the ES module. */
export function bundle(entry: string): Promise<string>;
/** Bundles `entry` and imports it. */
export function importTypeScript(entry: string): Promise<unknown>;
