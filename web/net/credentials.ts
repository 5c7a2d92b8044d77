/** The key or token that this page shows to its server: kept for this tab, or in this browser when the person says so. */
const NAME = 'llamactor.credential';

type Where = 'localStorage' | 'sessionStorage';

/** Storage can be switched off; then it lasts as long as the page. */
const stored = (where: Where): string | null => {
  try {
    return globalThis[where].getItem(NAME);
  } catch {
    return null;
  }
};
const store = (where: Where, value: string | null): void => {
  try {
    if (value === null) globalThis[where].removeItem(NAME);
    else globalThis[where].setItem(NAME, value);
  } catch {
    // It counts all the same, until the page is closed.
  }
};

let current = stored('sessionStorage') ?? stored('localStorage');

/** Null while nothing is shown. */
export const credential = (): string | null => current;

/** Shows this from the next request on; nothing is kept yet. */
export const useCredential = (value: string | null): void => {
  current = value;
};

/** Keeps what is shown now: for good in this browser, or for this tab. */
export const keepCredential = (forGood: boolean): void => {
  store('localStorage', forGood ? current : null);
  store('sessionStorage', forGood ? null : current);
};

export const forgetCredential = (): void => {
  current = null;
  keepCredential(false);
};

/** Headers of a request to this page's own server. */
export const authorised = (headers: Record<string, string> = {}): Record<string, string> =>
  current === null ? headers : { ...headers, authorization: `Bearer ${current}` };
