import type { Actor } from './actor-tree.ts';
import type { Chart, ChartState } from './chart.ts';

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;

function stateRow(chart: Chart, state: ChartState): string {
  const leaves = chart.edges
    .filter(({ from }) => from === state.id)
    .map(({ to, triggers }) => `${triggers.map(code).join(', ')} → **${to}**`);
  const stays = state.stays.length === 0 ? '' : `stays: ${state.stays.map(code).join(', ')}`;
  const ways = [...leaves, stays, state.final ? 'the end' : ''].filter((text) => text !== '');
  const runs = state.invokes.map(code).join(', ');
  return `| **${state.id}**${state.id === chart.initial ? ' (first)' : ''} | ${cell(state.description)} | ${runs === '' ? '–' : runs} | ${cell(ways.join('<br>'))} |`;
}

function section(chart: Chart): string {
  const everywhere =
    chart.everywhere.length === 0 ? '' : `\nIn every state it also handles ${chart.everywhere.map(code).join(', ')}.\n`;
  return `## ${chart.name}

${chart.description}

![States of ${chart.name}](${chart.name}.svg)

| State | What it means | Runs meanwhile | How it ends |
| --- | --- | --- | --- |
${chart.states.map((state) => stateRow(chart, state)).join('\n')}
${everywhere}
The same as Mermaid: [${chart.name}.mmd](${chart.name}.mmd).
`;
}

/** The page that shows all diagrams. */
export function galleryOf(charts: readonly Chart[], actors: readonly Actor[]): string {
  const ports = actors.filter(({ kind }) => kind === 'port').map(({ name }) => code(name));
  return `# The machines

Drawn from the machines' own definitions by \`npm run visualize\`; a test fails when they are stale. Guards stand in
[brackets], \`[else]\` is what happens when none of them holds, and \`after\` marks a delay.

${charts.map(({ name, description }) => `- [${name}](#${name}): ${description}`).join('\n')}

## actors

Who starts whom. The machines decide; the ports (${ports.join(', ')}) are where they meet processes, files and the network.

![The system's actors](actors.svg)

The same as Mermaid: [actors.mmd](actors.mmd).

${charts.map(section).join('\n')}`;
}
