import { describe, expect, test } from 'vitest';
import { ERRORS } from '../../src/contracts/errors.ts';
import type { ErrorCode } from '../../src/contracts/errors.ts';
import { openaiDialect } from '../../src/router/dialect.ts';
import { failure, failureHeaders, isSafeToRepeat } from '../../src/router/failures.ts';

describe('a failure', () => {
  test.each(Object.keys(ERRORS) as ErrorCode[])('%s has the status of its code and says it in both forms', (code) => {
    const cause = failure(code, 'Why.\nAnd more.');
    expect(cause.status).toBe(ERRORS[code].status);
    expect(JSON.parse(openaiDialect.body(cause))).toEqual({
      error: { message: 'Why.\nAnd more.', type: cause.type, code },
    });
    // One event is one line: a line break in the message must not end it.
    expect(openaiDialect.event(cause)).toMatch(/^data: [^\n]*\n\n$/);
  });

  test('tells clients when to come back, and not to come back where nothing will change', () => {
    expect(failureHeaders(failure('UPSTREAM_FAILED', '', { retryAfter: 0.2 }))).toEqual({ 'retry-after': '1' });
    expect(failure('UPSTREAM_FAILED', '', { retryAfter: 3 })).toMatchObject({ status: 503, type: 'unavailable_error' });
    expect(failureHeaders(failure('DOES_NOT_FIT', ''))).toEqual({ 'x-should-retry': 'false' });
    expect(failureHeaders(failure('INVALID_PAYLOAD', ''))).toEqual({});
  });
});

test.each([
  ['ECONNREFUSED', false, true],
  ['ECONNREFUSED', true, true],
  ['ECONNRESET', true, true],
  ['UND_ERR_SOCKET', true, true],
  ['EPIPE', true, true],
  ['ECONNRESET', false, false],
  ['UND_ERR_SOCKET', false, false],
  ['HPE_INVALID_CONSTANT', true, false],
])('%s on a socket whose use before was %s: repeated is %s', (code, used, repeated) => {
  expect(isSafeToRepeat(Object.assign(new Error('broken'), { code }), used)).toBe(repeated);
});
