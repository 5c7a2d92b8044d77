/** Which agents a message concerns. Pure. */

export interface Listener {
  name: string;
  /** `usual` is everything in a DM and what mentions it in a group. */
  answers: 'usual' | 'always' | 'never';
}

export interface Said {
  text: string;
  /** Ids or names that the client says are mentioned. */
  mentions: readonly string[];
  /** An agent wrote it. Agents never answer each other by themselves: two of them would never stop. */
  byAgent: boolean;
}

const isWordCharacter = (character: string | undefined): boolean =>
  character !== undefined && /[\p{L}\p{N}_]/u.test(character);

/** Whether the name stands in the text as a word of its own, in any case, with or without `@`. */
export const isMentioned = (name: string, text: string): boolean => {
  const wanted = name.toLowerCase();
  const within = text.toLowerCase();
  for (let at = within.indexOf(wanted); at !== -1; at = within.indexOf(wanted, at + 1)) {
    if (!isWordCharacter(within[at - 1]) && !isWordCharacter(within[at + wanted.length])) return true;
  }
  return false;
};

/** @param id the agent's id, by which a client may mention it */
export const concerns = (id: string, { name, answers }: Listener, isDm: boolean, said: Said): boolean => {
  if (said.byAgent || answers === 'never') return false;
  if (answers === 'always' || isDm) return true;
  return isMentioned(name, said.text) || said.mentions.includes(id) || said.mentions.includes(name);
};
