/** What this browser remembers. Storage can be switched off or full; then a choice lasts as long as the page. */
export const readStored = (key: string): string | null => {
  try {
    return localStorage.getItem(`llamactor.${key}`);
  } catch {
    return null;
  }
};

export const writeStored = (key: string, value: string): void => {
  try {
    localStorage.setItem(`llamactor.${key}`, value);
  } catch {
    // The choice is visible all the same; it just does not outlive the page.
  }
};
