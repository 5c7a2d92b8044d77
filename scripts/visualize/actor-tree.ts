import type { AnyStateMachine } from 'xstate';
import { boxAround, cardOf, drawCardText, drawLabel, frame, labelSize } from './draw.ts';
import { layOut } from './graphviz.ts';
import { escapeXml } from './text.ts';

/** One kind of actor and what it starts. */
export interface Actor {
  /** Path from the root, unique in the tree. */
  id: string;
  name: string;
  description: string;
  /** A machine decides; a port acts: it is where a machine meets processes, files or the network. */
  kind: 'machine' | 'port';
  /** Id of the actor that starts it, and the states during which it lives; null when spawned and ended by actions. */
  parent: string | null;
  during: string[] | null;
}

/** Names of the states that invoke the actor source `src`. */
function statesThatInvoke(machine: AnyStateMachine, src: string): string[] {
  const found: string[] = [];
  const visit = (node: AnyStateMachine['root']): void => {
    if (node.invoke.some((invoke) => invoke.src === src)) found.push(node.path.join('.'));
    for (const child of Object.values<AnyStateMachine['root']>(node.states)) visit(child);
  };
  visit(machine.root);
  return found;
}

/** Reads who starts whom from the actors that each machine names in its setup. */
export function actorTreeOf(root: AnyStateMachine, machines: readonly AnyStateMachine[]): Actor[] {
  const actors: Actor[] = [];
  const visit = (machine: AnyStateMachine, id: string, parent: string | null, during: string[] | null): void => {
    actors.push({ id, name: machine.id, description: machine.root.description ?? '', kind: 'machine', parent, during });
    for (const [name, logic] of Object.entries(machine.implementations.actors as Record<string, unknown>)) {
      const invoked = statesThatInvoke(machine, name);
      const lifetime = invoked.length === 0 ? null : invoked;
      const child = machines.find((candidate) => candidate === logic);
      if (child !== undefined) visit(child, `${id}/${name}`, id, lifetime);
      else actors.push({ id: `${id}/${name}`, name, description: '', kind: 'port', parent: id, during: lifetime });
    }
  };
  visit(root, root.id, null, null);
  return actors;
}

const TITLE = 'actors';
const ABOUT = 'Who starts whom. Solid boxes are machines, which decide; dashed boxes are ports, which act.';

const edgeWords = ({ during }: Actor): string => (during === null ? 'spawns' : `during ${during.join(', ')}`);

export async function actorTreeSvg(actors: readonly Actor[]): Promise<string> {
  const cards = new Map(actors.map((actor) => [actor.id, cardOf(actor.name, actor.description)]));
  const lines = actors.flatMap((actor) => {
    const { width = 0, height = 0 } = cards.get(actor.id) ?? {};
    const node = `${JSON.stringify(actor.id)} [width=${(width / 72).toFixed(4)}, height=${(height / 72).toFixed(4)}];`;
    if (actor.parent === null) return [node];
    const label = labelSize([edgeWords(actor)]);
    const space = `<<table border="0" fixedsize="true" width="${label.width}" height="${label.height}"><tr><td></td></tr></table>>`;
    return [
      node,
      `${JSON.stringify(actor.parent)} -> ${JSON.stringify(actor.id)} [id=${JSON.stringify(actor.id)}, label=${space}];`,
    ];
  });
  const layout = await layOut(
    `digraph { rankdir=LR; nodesep=0.3; ranksep=0.35; node [shape=box, fixedsize=true, label=""];\n${lines.join('\n')}\n}`,
  );
  const boxes = actors.map((actor) => {
    const center = layout.nodes.get(actor.id);
    const card = cards.get(actor.id);
    if (center === undefined || card === undefined)
      throw new Error(`The layout has no place for the actor ${actor.id}.`);
    const { x, y, width, height } = boxAround(center, card);
    const shape = actor.kind === 'machine' ? 'lm-box' : 'lm-box lm-faint';
    const tone = actor.kind === 'machine' ? 'busy' : 'idle';
    return `<g class="lm-state lm-${tone}" data-actor="${escapeXml(actor.name)}" transform="translate(${x} ${y})"><rect class="${shape}" width="${width}" height="${height}" rx="12"/>${drawCardText(card)}</g>`;
  });
  const edges = actors.flatMap((actor) => {
    const edge = layout.edges.get(actor.id);
    if (edge === undefined) return [];
    return [
      `<path class="lm-line" d="${edge.path}" marker-end="url(#${TITLE}-arrow)"/>${edge.label === null ? '' : drawLabel([edgeWords(actor)], edge.label)}`,
    ];
  });
  return frame(TITLE, 'The system’s actors', ABOUT, {
    width: layout.width,
    height: layout.height,
    body: [...edges, ...boxes].join('\n'),
  });
}

export function actorTreeMermaid(actors: readonly Actor[]): string {
  const idOf = (id: string): string => id.replaceAll(/[^A-Za-z0-9]/g, '_');
  const lines = ['flowchart LR'];
  for (const actor of actors)
    lines.push(`  ${idOf(actor.id)}${actor.kind === 'machine' ? `["${actor.name}"]` : `(["${actor.name}"])`}`);
  for (const actor of actors)
    if (actor.parent !== null) lines.push(`  ${idOf(actor.parent)} -->|${edgeWords(actor)}| ${idOf(actor.id)}`);
  return `${lines.join('\n')}\n`;
}
