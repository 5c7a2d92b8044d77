import { buildIfStale } from '../scripts/build.mjs';

/** Tests that run the product run what `dist/` holds; it must be what the sources say now. */
export default async function setup(): Promise<void> {
  await buildIfStale();
}
