/** `Services['media']` in memory: what is asked for waits for ever, and belongs to whoever asked. */
import type { DomainChange, Services } from '../../src/commands/services.ts';
import { CodedError } from '../../src/contracts/errors.ts';
import { mediaHasEnded } from '../../src/contracts/media.ts';
import type { MediaToolView, MediaView } from '../../src/contracts/media.ts';
import { createTickets } from '../../src/io/media/tickets.ts';

export const memoryMedia = (over: Partial<MediaView> = {}): MediaView => ({
  id: 'media-1',
  owner: 'local',
  source: 'tool',
  tool: 'draw',
  prompt: 'a tree',
  input: null,
  params: {},
  label: null,
  state: 'running',
  progress: 10,
  stage: 'drawing',
  message: null,
  position: null,
  url: null,
  thumbnailUrl: null,
  kind: null,
  mime: null,
  bytes: null,
  width: null,
  height: null,
  seconds: null,
  error: null,
  errorCode: null,
  lastLines: [],
  createdAt: 1,
  startedAt: 2,
  finishedAt: null,
  removedAt: null,
  ...over,
});

export const memoryTool = (name: string): MediaToolView => ({
  name,
  title: 'Draw',
  description: '',
  builtIn: false,
  available: true,
  problem: null,
  prompt: 'optional',
  input: 'optional',
  accepts: ['image'],
  params: [],
});

export const createMemoryMedia = (publish: (change: DomainChange) => void): Services['media'] => {
  const media = new Map<string, MediaView>();
  const tools = new Map([['draw', memoryTool('draw')]]);
  const listeners = new Set<(view: MediaView) => void>();
  const need = (id: string): MediaView => {
    const view = media.get(id);
    if (view === undefined) throw new CodedError('NOT_FOUND', `There is no media ${id}.`);
    return view;
  };
  const change = (view: MediaView, by: string | null): MediaView => {
    media.set(view.id, view);
    for (const listener of listeners) listener(view);
    publish({ kind: 'media', media: view, by });
    return view;
  };
  const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  const toolsChanged = (by: string): void => publish({ kind: 'media.tools', tools: [...tools.values()], by });
  return {
    tools: () => Promise.resolve([...tools.values()]),
    async saveTool({ name }, by) {
      await turn();
      const tool = memoryTool(name);
      tools.set(name, tool);
      toolsChanged(by);
      return tool;
    },
    async deleteTool(name, by) {
      await turn();
      if (!tools.delete(name)) throw new CodedError('NOT_FOUND', `There is no tool ${name}.`);
      toolsChanged(by);
    },
    list: () => [...media.values()].filter(({ removedAt }) => removedAt === null).reverse(),
    find: (id) => media.get(id),
    async generate({ tool, prompt, owner }, by) {
      await turn();
      if (!tools.has(tool)) throw new CodedError('NOT_FOUND', `There is no tool ${tool}.`);
      return change(memoryMedia({ id: `media-${media.size + 1}`, tool, prompt: prompt ?? null, owner }), by);
    },
    async upload(body, { owner, label }, by) {
      body.resume();
      await turn();
      const id = `media-${media.size + 1}`;
      return change(memoryMedia({ id, owner, label, source: 'upload', tool: null, state: 'complete' }), by);
    },
    async cancel(id, by) {
      await turn();
      const view = need(id);
      return mediaHasEnded(view.state) ? view : change({ ...view, state: 'cancelled', errorCode: 'CANCELLED' }, by);
    },
    async remove(id, by) {
      await turn();
      const view = need(id);
      media.set(id, { ...view, state: 'cancelled', removedAt: 5 });
      publish({ kind: 'media.removed', id, owner: view.owner, by });
      return 600_005;
    },
    async restore(id, by) {
      await turn();
      return change({ ...need(id), removedAt: null }, by);
    },
    file: () => null,
    tickets: createTickets(),
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
};
