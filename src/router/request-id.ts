/** Begins with the moment at which this process began, so that ids stay unique over its restarts. */
const PREFIX = Date.now().toString(36);
let count = 0;

/** Short, unique, and sorts by age within one process. */
export const newRequestId = (): string => `${PREFIX}-${(++count).toString(36)}`;
