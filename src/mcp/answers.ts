/** What a tool answers with: JSON as text, which every assistant reads, and the same as structured content. */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { CodedError, ERRORS } from '../contracts/errors.ts';

const answer = (value: Record<string, unknown>): CallToolResult => ({
  content: [{ type: 'text', text: JSON.stringify(value, null, 1) }],
  structuredContent: value,
});

/** `{error: {code, message, advice?, retryAfter?, details?}}`, marked as an error. */
const refusal = (error: CodedError): CallToolResult => ({
  ...answer({
    error: {
      code: error.code,
      message: error.message,
      // A failure of something behind the server says itself what to do about it.
      ...(error.code === 'UPSTREAM_FAILED' ? {} : { advice: ERRORS[error.code].advice }),
      ...(error.retryAfter === undefined ? {} : { retryAfter: error.retryAfter }),
      ...(error.details === undefined ? {} : { details: { ...error.details } }),
    },
  }),
  isError: true,
});

/**
 * Runs a tool's work. A refusal is the tool's answer, so that the assistant reads the reason and what to do; anything else is a
 * fault of ours and is thrown on.
 */
export const answering = async (work: () => Promise<Record<string, unknown>>): Promise<CallToolResult> => {
  try {
    return answer(await work());
  } catch (error) {
    if (error instanceof CodedError) return refusal(error);
    throw error;
  }
};
