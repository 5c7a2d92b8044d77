/** llama-swap's `${name}`: text that stands for other text, which may hold further ones. */
export type Macros = Readonly<Record<string, string>>;

const MACRO = /\$\{([\w.-]+)\}/g;
/** Deeper than anybody nests them; a macro that holds itself ends here. */
const DEEPEST = 16;

/** The text with its macros replaced, and the names of those that nobody defined. */
export const expandMacros = (text: string, macros: Macros): { text: string; unknown: string[] } => {
  let expanded = text;
  for (let depth = 0; depth < DEEPEST; depth += 1) {
    const before = expanded;
    expanded = before.replaceAll(MACRO, (whole, name: string) =>
      Object.hasOwn(macros, name) ? (macros[name] ?? '') : whole,
    );
    if (expanded === before) break;
  }
  return { text: expanded, unknown: [...new Set([...expanded.matchAll(MACRO)].map(([, name = '']) => name))] };
};
