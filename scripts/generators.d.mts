export interface Generator {
  name: string;
  /** TypeScript module, relative to the root, that exports `generate`. */
  entry: string;
  /** Folders in which nothing but generated files may lie. */
  owns: string[];
}
export const generators: Generator[];
