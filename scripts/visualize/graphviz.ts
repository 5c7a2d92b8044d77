import { instance } from '@viz-js/viz';

/** Where Graphviz put things, in pixels with y pointing down. */
export interface Layout {
  width: number;
  height: number;
  nodes: Map<string, Point>;
  /** Clusters by name without the "cluster_" that Graphviz wants. */
  boxes: Map<string, Box>;
  edges: Map<string, EdgeLayout>;
}

export interface Point {
  x: number;
  y: number;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface EdgeLayout {
  /** SVG path data up to the arrow's tip. */
  path: string;
  label: Point | null;
}

interface DotObject {
  name: string;
  pos?: string;
  bb?: string;
}

interface DotEdge {
  id?: string;
  pos?: string;
  lp?: string;
}

const numbers = (text: string): number[] => text.split(',').map(Number);
const round = (value: number): number => Math.round(value * 10) / 10;

/**
 * Lays out a graph in the DOT language. Every edge must carry an `id`. Positions come from Graphviz's "dot", whose splines
 * are cubic Béziers: one start point, then three points per piece, with the arrow's tip in front as `e,x,y`.
 */
export async function layOut(dot: string): Promise<Layout> {
  const graph = (await instance()).renderJSON(dot, { engine: 'dot' }) as {
    bb: string;
    objects?: DotObject[];
    edges?: DotEdge[];
  };
  const [, , width = 0, height = 0] = numbers(graph.bb);
  const point = (text: string): Point => {
    const [x = 0, y = 0] = numbers(text);
    return { x: round(x), y: round(height - y) };
  };
  const layout: Layout = {
    width: round(width),
    height: round(height),
    nodes: new Map(),
    boxes: new Map(),
    edges: new Map(),
  };
  for (const { name, pos, bb } of graph.objects ?? []) {
    if (pos !== undefined) layout.nodes.set(name, point(pos));
    else if (bb !== undefined) {
      const [left = 0, bottom = 0, right = 0, top = 0] = numbers(bb);
      const box = { x: round(left), y: round(height - top), width: round(right - left), height: round(top - bottom) };
      layout.boxes.set(name.replace(/^cluster_/, ''), box);
    }
  }
  for (const { id, pos, lp } of graph.edges ?? []) {
    if (id === undefined || pos === undefined) continue;
    layout.edges.set(id, { path: splinePath(pos, point), label: lp === undefined ? null : point(lp) });
  }
  return layout;
}

function splinePath(pos: string, point: (text: string) => Point): string {
  const parts = pos.split(' ');
  const tip = parts.find((part) => part.startsWith('e,'))?.slice(2);
  const points = parts.filter((part) => !/^[es],/.test(part)).map(point);
  const text = points.map(({ x, y }) => `${x} ${y}`);
  const line = `M${text[0] ?? '0 0'} C${text.slice(1).join(' ')}`;
  if (tip === undefined) return line;
  const { x, y } = point(tip);
  return `${line} L${x} ${y}`;
}
