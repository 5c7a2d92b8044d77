/**
 * Hands what the inspector shows to Stately's own inspector in a window beside this one. It is the one part of the dashboard
 * that needs the internet, and it sends only what this page shows: contexts and events that the server has redacted.
 */
import type { InspectedActorView, InspectorFrameView } from '../../../src/contracts/views.ts';
import type { Inspection } from '../../state/inspection.ts';

export interface StatelyWindow {
  frames(frames: readonly InspectorFrameView[]): void;
  stop(): void;
}

const snapshotOf = ({ status, state, context }: InspectedActorView) => ({ status, value: state, context });

/** Opens the window; must be called from a click, or the browser keeps it closed. Rejects when it did. */
export const openStately = async (
  inspection: Inspection,
  definitions: ReadonlyMap<string, string>,
): Promise<StatelyWindow> => {
  const { createBrowserInspector } = await import('@statelyai/inspect');
  const inspector = createBrowserInspector({ autoStart: false, maxDeferredEvents: 2000 });
  inspector.start();
  if (inspector.adapter.targetWindow === null)
    throw new Error('The browser kept the window closed: allow pop-ups for this page and try again.');

  const known = new Set<string>();
  const introduce = (actor: InspectedActorView): void => {
    if (known.has(actor.id)) return;
    known.add(actor.id);
    const definition = actor.machine === null ? undefined : definitions.get(actor.machine);
    inspector.actor(actor.name, snapshotOf(actor), {
      ...(definition === undefined ? {} : { definition }),
      ...(actor.parent === null ? {} : { parentId: names.get(actor.parent) ?? actor.parent }),
    });
  };
  const names = new Map([...inspection.base.values()].map(({ id, name }) => [id, name]));
  const tell = (frame: InspectorFrameView): void => {
    names.set(frame.actor.id, frame.actor.name);
    introduce(frame.actor);
    const { event } = frame;
    const source = frame.source === null ? undefined : names.get(frame.source);
    inspector.event(frame.actor.name, event, source === undefined ? {} : { source });
    inspector.snapshot(frame.actor.name, snapshotOf(frame.actor), { event });
  };

  for (const actor of inspection.base.values()) introduce(actor);
  for (const frame of inspection.frames) tell(frame);
  return {
    frames: (frames) => {
      for (const frame of frames) tell(frame);
    },
    stop: () => inspector.stop(),
  };
};
