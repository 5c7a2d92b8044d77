import { githubSource, installEngine } from '../../../src/io/engine/index.ts';

/** Installs from a release server and prints the path of the engine, or why there is none. */
const [dataDir = '', apiUrl = ''] = process.argv.slice(2);
try {
  const engine = await installEngine({ dataDir, sources: [githubSource({ apiUrl, platform: 'linux', arch: 'x64' })] });
  process.stdout.write(`${engine.path}\n`);
} catch (error) {
  process.stdout.write(`${String(error)}\n`);
}
