import { StateMachine } from 'xstate';
import type { AnyStateMachine } from 'xstate';
import * as exported from '../../machines/index.ts';
import { actorTreeMermaid, actorTreeOf, actorTreeSvg } from './actor-tree.ts';
import { chartOf } from './chart.ts';
import { galleryOf } from './gallery.ts';
import { mermaidOf } from './mermaid.ts';
import { stateDiagramOf } from './state-diagram.ts';

const isMachine = (value: unknown): value is AnyStateMachine => value instanceof StateMachine;

/** All files of visualizations/, by path. The root of the system comes first, the others by name. */
export async function generate(
  machines: readonly AnyStateMachine[] = Object.values(exported as Record<string, unknown>).filter(isMachine),
  root: AnyStateMachine = exported.supervisorMachine,
): Promise<Record<string, string>> {
  const others = machines.filter((machine) => machine !== root).sort((a, b) => (a.id < b.id ? -1 : 1));
  const charts = [root, ...others].map(chartOf);
  const actors = actorTreeOf(root, machines);
  const files: Record<string, string> = {
    'visualizations/README.md': galleryOf(charts, actors),
    'visualizations/actors.svg': await actorTreeSvg(actors),
    'visualizations/actors.mmd': actorTreeMermaid(actors),
  };
  for (const chart of charts) {
    files[`visualizations/${chart.name}.svg`] = await stateDiagramOf(chart);
    files[`visualizations/${chart.name}.mmd`] = mermaidOf(chart);
  }
  return files;
}
