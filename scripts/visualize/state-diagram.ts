import type { Chart, ChartEdge, ChartState } from './chart.ts';
import { boxAround, cardOf, drawCardText, drawLabel, frame, labelSize } from './draw.ts';
import type { Card } from './draw.ts';
import { layOut } from './graphviz.ts';
import type { Layout } from './graphviz.ts';
import { toneOf } from './style.ts';
import { escapeXml } from './text.ts';

const inches = (pixels: number): string => (pixels / 72).toFixed(4);
const quoted = (text: string): string => JSON.stringify(text);
const START = 'start';
const edgeId = (from: string, to: string): string => `${from}>${to}`;

/** Space for a label that we draw ourselves. */
const reserve = ({ width, height }: { width: number; height: number }): string =>
  `<<table border="0" cellborder="0" cellspacing="0" cellpadding="0" fixedsize="true" width="${width}" height="${height}"><tr><td></td></tr></table>>`;

const startOf = (parent: string | null): string => (parent === null ? START : `${START}:${parent}`);

interface Drawing {
  chart: Chart;
  cards: Map<string, Card>;
  /** A leaf to which Graphviz can attach the edges of a compound state. */
  anchor: (id: string) => string;
  edges: ChartEdge[];
}

function prepare(chart: Chart): Drawing {
  const cards = new Map(
    chart.states.map((state) => [
      state.id,
      cardOf(
        state.name,
        state.description,
        state.invokes.map((name) => `runs ${name}`),
      ),
    ]),
  );
  const byId = new Map(chart.states.map((state) => [state.id, state]));
  const anchor = (id: string): string => {
    const state = byId.get(id);
    if (state?.compound !== true) return id;
    const child = state.initial ?? chart.states.find(({ parent }) => parent === id)?.id;
    return child === undefined ? id : anchor(child);
  };
  return { chart, cards, anchor, edges: chart.edges.filter(({ from }) => from !== '') };
}

function dotOf({ chart, cards, anchor, edges }: Drawing): string {
  const lines = [
    'digraph {',
    'compound=true; rankdir=TB; nodesep=0.45; ranksep=0.5; edge [arrowsize=0.8];',
    'node [shape=box, fixedsize=true, label=""];',
  ];
  const declare = (parent: string | null): void => {
    const initial = parent === null ? chart.initial : chart.states.find(({ id }) => id === parent)?.initial;
    if (initial) {
      lines.push(`${quoted(startOf(parent))} [shape=circle, width=0.17, height=0.17];`);
      lines.push(
        `${quoted(startOf(parent))} -> ${quoted(anchor(initial))} [id=${quoted(edgeId(startOf(parent), initial))}, weight=4];`,
      );
    }
    for (const state of chart.states.filter((candidate) => candidate.parent === parent)) {
      const card = cards.get(state.id);
      if (card === undefined) continue;
      if (state.compound) {
        lines.push(`subgraph ${quoted(`cluster_${state.id}`)} {`, `margin=18; label=${reserve(card)}; labeljust=l;`);
        declare(state.id);
        lines.push('}');
      } else lines.push(`${quoted(state.id)} [width=${inches(card.width)}, height=${inches(card.height)}];`);
    }
  };
  declare(null);
  // The way from each state to the one defined after it is the machine's story; it is drawn as straight as can be.
  const follows = (from: string, to: string): boolean => {
    const index = chart.states.findIndex(({ id }) => id === from);
    return index >= 0 && chart.states[index + 1]?.id === to;
  };
  for (const { from, to, triggers } of edges) {
    const ends = [
      follows(from, to) ? 'weight=4, ' : '',
      anchor(from) === from ? '' : `ltail=${quoted(`cluster_${from}`)}, `,
      anchor(to) === to ? '' : `lhead=${quoted(`cluster_${to}`)}, `,
    ];
    lines.push(
      `${quoted(anchor(from))} -> ${quoted(anchor(to))} [${ends.join('')}id=${quoted(edgeId(from, to))}, label=${reserve(labelSize(triggers))}];`,
    );
  }
  return [...lines, '}'].join('\n');
}

function drawState(chart: Chart, state: ChartState, card: Card, layout: Layout): string {
  const center = layout.nodes.get(state.id);
  const box = state.compound ? layout.boxes.get(state.id) : center && boxAround(center, card);
  if (box === undefined) throw new Error(`The layout of ${chart.name} has no place for the state ${state.id}.`);
  const size = `width="${box.width}" height="${box.height}"`;
  const outline = state.compound
    ? `<rect class="lm-box lm-group" ${size} rx="16"/>`
    : `<rect class="lm-box" ${size} rx="12"/>${state.final ? `<rect class="lm-inner" x="3.5" y="3.5" width="${box.width - 7}" height="${box.height - 7}" rx="9"/>` : ''}`;
  return `<g class="lm-state lm-${toneOf(state.name)}" id="${chart.name}-state-${escapeXml(state.id)}" data-state="${escapeXml(state.id)}" transform="translate(${box.x} ${box.y})">${outline}${drawCardText(card)}</g>`;
}

/** A machine as a picture: a self-contained SVG document that follows the reader's light or dark scheme. */
export async function stateDiagramOf(chart: Chart): Promise<string> {
  const drawing = prepare(chart);
  const layout = await layOut(dotOf(drawing));
  const line = (from: string, to: string): string => {
    const { path } = layout.edges.get(edgeId(from, to)) ?? { path: '' };
    return `<path class="lm-line" data-from="${escapeXml(from)}" data-to="${escapeXml(to)}" d="${path}" marker-end="url(#${chart.name}-arrow)"/>`;
  };
  const starts = [null, ...chart.states.filter(({ compound }) => compound).map(({ id }) => id)].flatMap((parent) => {
    const at = layout.nodes.get(startOf(parent));
    const initial = parent === null ? chart.initial : chart.states.find(({ id }) => id === parent)?.initial;
    return at === undefined || !initial
      ? []
      : [`<circle class="lm-start" cx="${at.x}" cy="${at.y}" r="6"/>${line(startOf(parent), initial)}`];
  });
  // Outer states first, so that they lie below what they contain; labels last, above every line.
  const states = chart.states.map((state) => {
    const card = drawing.cards.get(state.id);
    return card === undefined ? '' : drawState(chart, state, card, layout);
  });
  const labels = drawing.edges.map(({ from, to, triggers }) => {
    const at = layout.edges.get(edgeId(from, to))?.label;
    return at === undefined || at === null ? '' : drawLabel(triggers, at);
  });
  const compound = states.filter((_, index) => chart.states[index]?.compound);
  const simple = states.filter((_, index) => !chart.states[index]?.compound);
  const body = [
    ...compound,
    ...drawing.edges.map(({ from, to }) => line(from, to)),
    ...starts,
    ...simple,
    ...labels,
  ].join('\n');
  return frame(chart.name, chart.name, chart.description, { width: layout.width, height: layout.height, body });
}
