import type { Chart, ChartState } from './chart.ts';

/** Mermaid reads `:` and `;` as syntax and `#` as the start of an entity. */
const escapeText = (text: string): string =>
  text.replaceAll('#', '#35;').replaceAll(';', '#59;').replaceAll(':', '#58;');

const idOf = (path: string): string => path.replaceAll(/[^A-Za-z0-9]/g, '_');

/** A machine as a Mermaid state diagram (stateDiagram-v2). */
export function mermaidOf(chart: Chart): string {
  const lines = ['stateDiagram-v2', '  direction TB'];
  const childrenOf = (parent: string | null): ChartState[] => chart.states.filter((state) => state.parent === parent);
  const declare = (state: ChartState, indent: string): void => {
    lines.push(`${indent}state "${state.name}" as ${idOf(state.id)}`);
    if (state.compound) {
      lines.push(`${indent}state ${idOf(state.id)} {`);
      if (state.initial !== null) lines.push(`${indent}  [*] --> ${idOf(state.initial)}`);
      for (const child of childrenOf(state.id)) declare(child, `${indent}  `);
      lines.push(`${indent}}`);
    } else if (state.description !== '') lines.push(`${indent}${idOf(state.id)} : ${escapeText(state.description)}`);
  };
  for (const state of childrenOf(null)) declare(state, '  ');
  if (chart.initial !== '') lines.push(`  [*] --> ${idOf(chart.initial)}`);
  for (const { from, to, triggers } of chart.edges.filter((edge) => edge.from !== '')) {
    lines.push(`  ${idOf(from)} --> ${idOf(to)} : ${triggers.map(escapeText).join('<br/>')}`);
  }
  for (const state of chart.states) if (state.final) lines.push(`  ${idOf(state.id)} --> [*]`);
  return `${lines.join('\n')}\n`;
}
