import { it } from 'vitest';
import { open, stat, utimes, unlink } from 'node:fs/promises';
import { writeFileSync, appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { startEngineApp } from '../support/engine-app.ts';
import { tinyModel, badMagicModel, truncatedModel, truncatedHeaderModel, unknownArchitectureModel } from '../support/gguf.ts';
it('probe', async () => {
  let t = Date.now();
  writeFileSync('/tmp/probe.out', '');
  const say = (...s: unknown[]) => { appendFileSync('/tmp/probe.out', s.map((x) => typeof x === 'string' ? x : JSON.stringify(x)).join(' ') + '\n'); };
  const lap = (s: string) => { say(s, Date.now() - t); t = Date.now(); };
  const e = await startEngineApp(async (dir) => {
    for (const n of ['oom', 'oom2', 'oom3', 'badarg', 'badflag', 'later', 'gone', 'ctx']) await tinyModel(dir, `${n}.gguf`);
    await tinyModel(dir, 'big.gguf', { padToBytes: 400 * 2 ** 20 });
    await badMagicModel(dir); await truncatedModel(dir); await truncatedHeaderModel(dir); await unknownArchitectureModel(dir);
    
  });
  lap('start');
  const up = (id: string, parameters: Record<string, string | number | boolean>) => e.app.services.models.update(id, { parameters }, 'x');
  await up('big', { 'load-mode': 'none' });
  await up('badarg', { 'gpu-layers': 'abc' }).catch((x) => say('upd', x.message));
  await up('badflag', { 'gpu-layer': 1 }).catch((x) => say('upd', x.message));
  await up('ctx', { 'ctx-size': 900000000 }).catch((x) => say('upd', x.message));
  await up('oom', { 'ubatch-size': 500000000, 'batch-size': 500000000 }).catch((x) => say('upd', x.message));
  await up('oom2', { 'parallel': 100000000 }).catch((x) => say('upd', x.message));
  await up('oom3', { 'ctx-size': 900000000 }).catch((x) => say('upd', x.message));
  { const p = join(e.modelsDir, 'later.gguf'); const s = await stat(p); const h = await open(p, 'r+'); await h.write(Buffer.alloc(64, 255), 0, 64, 400); await h.close(); await utimes(p, s.atime, s.mtime); }
  const un = e.app.services.subscribe((c) => c.forEach((x) => x.kind === 'model' && say('  ', x.model.id, x.model.state, x.model.progress, x.model.stage)));
  for (const id of ['big', 'bad-magic', 'truncated', 'truncated-header', 'unknown-architecture', 'later', 'gone', 'badarg', 'badflag', 'ctx', 'oom', 'oom2', 'oom3']) {
    if (id === 'gone') await unlink(join(e.modelsDir, 'gone.gguf'));
    if (id === 'oom3') await e.app.services.config.update({ memoryReserve: 0 }, 'x');
    say('problem', id, e.model(id).problem);
    const v = await e.app.services.models.load(id, 'x').catch((x) => { say('ERR', x.code, x.message); });
    if (v) say('LOADED', v.contextSize, v.slots);
    say('failure', e.app.services.models.find(id)?.failure ?? null);
    lap('load ' + id);
    await e.app.services.models.unload(id, 'x').catch((x) => say(x.message));
  }
  un();
  await e.stop();
  lap('stop');
}, 200000);
