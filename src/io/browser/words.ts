/** The browser's own codes in words that a model and a person can act on. */
const REASONS: readonly [RegExp, string][] = [
  [/ERR_NAME_NOT_RESOLVED/, 'there is no such host'],
  [/ERR_TOO_MANY_REDIRECTS/, 'it redirects without end'],
  [/ERR_CONNECTION_REFUSED|ERR_PROXY_CONNECTION_FAILED/, 'nothing answers there'],
  [/ERR_CERT/, 'its certificate cannot be trusted'],
  [/ERR_SSL|ERR_BAD_SSL/, 'no secure connection can be made to it'],
  [/ERR_TUNNEL_CONNECTION_FAILED/, 'it cannot be reached'],
  [/ERR_TIMED_OUT|ERR_CONNECTION_TIMED_OUT/, 'it did not answer in time'],
  [/ERR_CONNECTION_(?:RESET|CLOSED|ABORTED)|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE/, 'it broke off'],
  [/ERR_UNSAFE_PORT/, 'browsers do not use this port'],
  [/ERR_INVALID_URL/, 'it is no address'],
  [/ERR_BLOCKED/, 'the browser does not open it'],
];

export const whyUnreachable = (url: string, code: string): string =>
  `${url} could not be opened: ${REASONS.find(([pattern]) => pattern.test(code))?.[1] ?? code.replace(/^net::/, '')}.`;
