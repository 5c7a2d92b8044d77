import { describe, expect, it } from 'vitest';
import { activityOf, parseOutput } from '../../src/io/runs/parse-output.ts';

describe('what a run answered', () => {
  it.each([
    ['plain text is trimmed', '  Hello\nthere \n', { content: 'Hello\nthere' }],
    [
      'one document with result, usage, cost',
      JSON.stringify({
        type: 'result',
        subtype: 'success',
        result: 'Done.',
        usage: { input_tokens: 10, output_tokens: 5 },
        total_cost_usd: 0.02,
      }),
      {
        content: 'Done.',
        usage: { inputTokens: 10, outputTokens: 5, totalTokens: 15 },
        stopReason: 'success',
        costUsd: 0.02,
      },
    ],
    [
      'a message of content blocks',
      JSON.stringify({
        model: 'm',
        stop_reason: 'end_turn',
        content: [{ type: 'text', text: 'a' }, { type: 'tool_use' }, { type: 'text', text: 'b' }],
      }),
      { content: 'ab', model: 'm', stopReason: 'end_turn' },
    ],
    [
      'a stream of events whose last answer counts',
      [
        { type: 'system', model: 'm' },
        { type: 'assistant', message: { model: 'm', content: [{ type: 'text', text: 'draft' }] } },
        { type: 'result', result: 'final', usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } },
      ]
        .map((event) => JSON.stringify(event))
        .join('\n'),
      { content: 'final', model: 'm', usage: { inputTokens: 1, outputTokens: 2, totalTokens: 3 } },
    ],
    ['text that only looks like JSON', '{ not json', { content: '{ not json' }],
    ['JSON that answers nothing', '{"ok":true}', { content: '{"ok":true}' }],
    ['one JSON line among text', 'Warning!\n{"result":"x"}', { content: 'Warning!\n{"result":"x"}' }],
    ['nothing', '', { content: '' }],
  ])('%s', (_, output, expected) => {
    expect(parseOutput(output)).toEqual(expected);
  });

  it('names the tool that an agent uses', () => {
    const line = JSON.stringify({ type: 'assistant', message: { content: [{ type: 'tool_use', name: 'Bash' }] } });
    expect(activityOf(line)).toBe('Using Bash');
    expect(activityOf('{"type":"assistant"}')).toBeNull();
    expect(activityOf('plain')).toBeNull();
  });
});
