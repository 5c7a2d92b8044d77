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

/** Servers differ in what they repeat, and in whether they count. */
export const createToolCallCollector = (): ToolCallCollector => {
  const rows: (ToolCall & { index: unknown })[] = [];
  /** The call that a piece goes on with; undefined for the beginning of another. */
  const rowOf = ({ index, id }: Fields): (typeof rows)[number] | undefined => {
    if (index !== undefined) return rows.find((each) => each.index === index);
    const last = rows.at(-1);
    return typeof id === 'string' && id !== '' && id !== last?.id ? undefined : last;
  };
  return {
    push(pieces) {
      if (!Array.isArray(pieces)) return;
      for (const piece of pieces as unknown[]) {
        if (!isFields(piece)) continue;
        let row = rowOf(piece);
        if (row === undefined) {
          row = { index: piece['index'], id: '', name: '', arguments: '' };
          rows.push(row);
        }
        if (typeof piece['id'] === 'string' && row.id === '') row.id = piece['id'];
        const { name, arguments: more } = isFields(piece['function']) ? piece['function'] : {};
        // Either in pieces, or whole with each piece.
        if (typeof name === 'string' && name !== row.name) row.name += name;
        if (typeof more === 'string') row.arguments += more;
        else if (isFields(more)) row.arguments = JSON.stringify(more);
      }
    },
    calls: () =>
      rows
        .map((row, at) => ({ ...row, place: typeof row.index === 'number' ? row.index : at }))
        .toSorted((a, b) => a.place - b.place)
        .flatMap(({ id, name, arguments: given, place }) =>
          name === '' ? [] : [{ id: id === '' ? `call_${place}` : id, name, arguments: given }],
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
