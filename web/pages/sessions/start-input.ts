/** What is written in the form of a new session. Pure. */

/** An address of the web, with `https://` put before a bare name; null for anything else. */
export const addressOf = (text: string): string | null => {
  const trimmed = text.trim();
  if (trimmed === '' || /\s/.test(trimmed)) return null;
  // `localhost:3000` reads like a scheme, and is a host.
  const written = /^[a-z][a-z\d+.-]*:\/\//i.test(trimmed) ? trimmed : `https://${trimmed}`;
  try {
    const { protocol, href, hostname } = new URL(written);
    return /^https?:$/.test(protocol) && hostname !== '' ? href : null;
  } catch {
    return null;
  }
};

/** A whole number from 1 to `most`; undefined for an empty field, null for anything else. */
export const wholeIn = (text: string, most: number): number | undefined | null => {
  const trimmed = text.trim();
  if (trimmed === '') return undefined;
  const value = Number(trimmed);
  return /^\d+$/.test(trimmed) && value >= 1 && value <= most ? value : null;
};
