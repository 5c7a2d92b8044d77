/** Puts together the calls of tools in a streamed answer, whose pieces name each call by its place in the list. */

export interface ToolCall {
  /** The model's own, or one that was made up for an engine that gives none. */
  id: string;
  name: string;
  /** As the model wrote them: JSON if it is well-behaved. */
  arguments: string;
}

type Fields = Readonly<Record<string, unknown>>;
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;

export interface ToolCallCollector {
  /** `delta.tool_calls` of one event; anything else is no call. */
  push(pieces: unknown): void;
  /** In the order of their places; what never got a name is no call. */
  calls(): ToolCall[];
}

export const createToolCallCollector = (): ToolCallCollector => {
  const begun = new Map<number, ToolCall>();
  return {
    push(pieces) {
      if (!Array.isArray(pieces)) return;
      for (const piece of pieces as unknown[]) {
        if (!isFields(piece)) continue;
        // An engine that sends whole calls may leave their places out.
        const index = typeof piece['index'] === 'number' ? piece['index'] : begun.size;
        const call = begun.get(index) ?? { id: '', name: '', arguments: '' };
        begun.set(index, call);
        if (typeof piece['id'] === 'string' && call.id === '') call.id = piece['id'];
        const told = isFields(piece['function']) ? piece['function'] : {};
        if (typeof told['name'] === 'string') call.name += told['name'];
        if (typeof told['arguments'] === 'string') call.arguments += told['arguments'];
      }
    },
    calls: () =>
      [...begun]
        .toSorted(([a], [b]) => a - b)
        .flatMap(([index, call]) =>
          call.name === '' ? [] : [{ ...call, id: call.id === '' ? `call_${index}` : call.id }],
        ),
  };
};

/** The arguments as an object; null for what is none. A model that wants to give none may leave them empty. */
export const argumentsOf = ({ arguments: text }: Pick<ToolCall, 'arguments'>): Record<string, unknown> | null => {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
};
