/** A page and its frames through the script inside them: text with references, and what references mean. */
import { BrowserProblem } from './browser.ts';
import type { ElementFacts } from './browser.ts';
import type { DevTools } from './devtools.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import type { Targets } from './targets.ts';

/** One document: in the process of its parent, or in one of its own, which has its own session. */
interface Frame {
  sessionId: string;
  frameId: string;
  parent: Frame | null;
  children: Frame[];
}

export interface Point {
  x: number;
  y: number;
}

/** An element that a reference means, as far as it is still there. */
export interface Found {
  frame: Frame;
  number: number;
}

export interface PageReader {
  /** `text` from the beginning, hardly longer than `most`; `more` when the page goes on. */
  read(sessionId: string, most: number): Promise<{ text: string; more: boolean }>;
  /** STALE_REF when the last pages that were read have no such element. */
  find(ref: string): Found;
  facts(found: Found, ref: string): Promise<ElementFacts>;
  /** In CSS pixels of the viewport. NOT_POSSIBLE says what is in the way. */
  point(found: Found): Promise<Point>;
  /** Calls a function of the page's script on it. */
  call<T>(frame: Pick<Frame, 'sessionId' | 'frameId'>, name: string, ...args: unknown[]): Promise<T>;
  /** The element itself, for commands that take one. */
  objectId(found: Found): Promise<string>;
  hasText(sessionId: string, text: string): Promise<boolean>;
}

interface FrameTree {
  frame: { id: string };
  childFrames?: FrameTree[];
}

type Line = string | { frame: number; depth: number };

const WORLD = 'llamactor';
/** Frames of frames and advertisements beyond this are not read. */
const MOST_FRAMES = 40;

export const staleRef = (ref: string): BrowserProblem =>
  new BrowserProblem('STALE_REF', `There is no ${ref} on the page any more; read it again.`);

export const pageReader = (devtools: DevTools, targets: Targets): PageReader => {
  let next = 1;
  /** Which frame gave out which numbers, in rising order. */
  const given: { from: number; to: number; frame: Frame }[] = [];

  const world = async (frame: Pick<Frame, 'sessionId' | 'frameId'>): Promise<number> => {
    const { executionContextId } = await devtools.send<{ executionContextId: number }>(
      'Page.createIsolatedWorld',
      { frameId: frame.frameId, worldName: WORLD },
      frame.sessionId,
    );
    return executionContextId;
  };

  const evaluate = async <T>(
    frame: Pick<Frame, 'sessionId'>,
    params: object,
  ): Promise<{ value: T; objectId: string | undefined }> => {
    const { result, exceptionDetails } = await devtools.send<{
      result: { value: T; objectId?: string };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    }>('Runtime.callFunctionOn', params, frame.sessionId);
    if (exceptionDetails !== undefined)
      throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
    return { value: result.value, objectId: result.objectId };
  };

  const callIn = (name: string): string =>
    `function (...args) { return (${PAGE_SCRIPT})[${JSON.stringify(name)}](...args); }`;

  const call = async <T>(frame: Pick<Frame, 'sessionId' | 'frameId'>, name: string, ...args: unknown[]): Promise<T> => {
    const { value } = await evaluate<T>(frame, {
      functionDeclaration: callIn(name),
      executionContextId: await world(frame),
      arguments: args.map((value) => ({ value })),
      returnByValue: true,
    });
    return value;
  };

  const objectId = async ({ frame, number }: Found): Promise<string> => {
    const { objectId: id } = await evaluate(frame, {
      functionDeclaration: callIn('get'),
      executionContextId: await world(frame),
      arguments: [{ value: number }],
    });
    if (id === undefined) throw staleRef(`e${number}`);
    return id;
  };

  /** Calls on the element of the parent's document that holds this frame. */
  const onOwner = async <T>(frame: Frame, parent: Frame, name: string): Promise<T> => {
    const { backendNodeId } = await devtools.send<{ backendNodeId: number }>(
      'DOM.getFrameOwner',
      { frameId: frame.frameId },
      parent.sessionId,
    );
    const { object } = await devtools.send<{ object: { objectId: string } }>(
      'DOM.resolveNode',
      { backendNodeId, executionContextId: await world(parent) },
      parent.sessionId,
    );
    const { value } = await evaluate<T>(parent, {
      functionDeclaration: `function () { return (${PAGE_SCRIPT})[${JSON.stringify(name)}](this); }`,
      objectId: object.objectId,
      returnByValue: true,
    });
    return value;
  };

  const framesOf = async (sessionId: string): Promise<Frame> => {
    let count = 0;
    const build = async (session: string, parent: Frame | null): Promise<Frame> => {
      const { frameTree } = await devtools.send<{ frameTree: FrameTree }>('Page.getFrameTree', {}, session);
      const grow = (tree: FrameTree, above: Frame | null): Frame => {
        const frame: Frame = { sessionId: session, frameId: tree.frame.id, parent: above, children: [] };
        for (const child of tree.childFrames ?? []) {
          count += 1;
          if (count <= MOST_FRAMES) frame.children.push(grow(child, frame));
        }
        return frame;
      };
      const root = grow(frameTree, parent);
      for (const apart of targets.framesOf(session)) {
        count += 1;
        if (count > MOST_FRAMES) break;
        // Where exactly it hangs in this tree does not matter but for its place, which its owner tells.
        await build(apart.sessionId, root).then(
          (child) => root.children.push(child),
          () => undefined,
        );
      }
      return root;
    };
    return build(sessionId, null);
  };

  /** The text of a frame and of those inside it, each at its place. */
  const readFrame = async (frame: Frame, most: number): Promise<{ lines: string[]; more: boolean }> => {
    const from = next;
    const result = await call<{ lines: Line[]; next: number; more: boolean }>(frame, 'read', from, most);
    next = Math.max(next, result.next);
    const last = given.at(-1);
    if (last?.frame.frameId === frame.frameId && last.frame.sessionId === frame.sessionId) last.to = next;
    else if (next > from) given.push({ from, to: next, frame });
    let more = result.more;
    const inside = new Map<number, Frame>();
    for (const child of frame.children) {
      const number = await onOwner<number | null>(child, frame, 'numberOf').catch(() => null);
      if (number !== null) inside.set(number, child);
    }
    const lines: string[] = [];
    let left = most;
    for (const line of result.lines) {
      if (typeof line === 'string') {
        lines.push(line);
        left -= line.length + 1;
        continue;
      }
      const child = inside.get(line.frame);
      if (child === undefined || left <= 0) continue;
      const part = await readFrame(child, left).catch(() => ({ lines: ['(cannot be read)'], more: false }));
      const indent = '  '.repeat(Math.min(line.depth + 1, 8));
      for (const one of part.lines) {
        lines.push(indent + one);
        left -= indent.length + one.length + 1;
      }
      more ||= part.more;
    }
    return { lines, more: more || left < 0 };
  };

  /** Of the frame's own corner, in the page's viewport. */
  const offset = async (frame: Frame): Promise<Point> => {
    if (frame.parent === null) return { x: 0, y: 0 };
    const [own, above] = await Promise.all([onOwner<Point>(frame, frame.parent, 'frameBox'), offset(frame.parent)]);
    return { x: own.x + above.x, y: own.y + above.y };
  };

  return {
    call,
    objectId,
    read: async (sessionId, most) => {
      const { lines, more } = await readFrame(await framesOf(sessionId), most);
      return { text: lines.join('\n'), more };
    },
    find: (ref) => {
      const number = Number(ref.slice(1));
      const range = given.findLast(({ from, to }) => number >= from && number < to);
      if (range === undefined) throw staleRef(ref);
      return { frame: range.frame, number };
    },
    facts: async (found, ref) => {
      const facts = await call<Omit<ElementFacts, 'ref'> | null>(found.frame, 'facts', found.number).catch(() => null);
      if (facts === null) throw staleRef(ref);
      const corner = await offset(found.frame);
      const box = facts.box === null ? null : { ...facts.box, x: facts.box.x + corner.x, y: facts.box.y + corner.y };
      return { ref, ...facts, box };
    },
    point: async (found) => {
      const ref = `e${found.number}`;
      const place = await call<Point | { problem: string } | null>(found.frame, 'point', found.number);
      if (place === null) throw staleRef(ref);
      if ('problem' in place) throw new BrowserProblem('NOT_POSSIBLE', `${ref} cannot be clicked: ${place.problem}.`);
      const corner = await offset(found.frame);
      return { x: place.x + corner.x, y: place.y + corner.y };
    },
    hasText: async (sessionId, text) => {
      const wanted = text.replace(/\s+/g, ' ').trim().toLowerCase();
      const search = async (frame: Frame): Promise<boolean> => {
        if (await call<boolean>(frame, 'hasText', wanted).catch(() => false)) return true;
        for (const child of frame.children) if (await search(child)) return true;
        return false;
      };
      return search(await framesOf(sessionId));
    },
  };
};
