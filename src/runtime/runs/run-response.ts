/** What a run answered: from its output, and from the report that its command may have left. */
import { z } from 'zod';
import type { RunResponse } from '../../contracts/runs.ts';
import { parseOutput } from '../../io/runs/parse-output.ts';

const count = z.number().min(0);
/** As `claude --output-format json` says it. What is wrong in it counts as not said. */
const Report = z.object({
  usage: z.object({ input_tokens: count, output_tokens: count }).optional().catch(undefined),
  model: z.string().max(512).optional().catch(undefined),
  stop_reason: z.string().max(64).optional().catch(undefined),
  total_cost_usd: count.optional().catch(undefined),
});

const parsed = (text: string): z.infer<typeof Report> => {
  try {
    return Report.parse(JSON.parse(text));
  } catch {
    // A command that was ended in the middle of its report has said nothing.
    return {};
  }
};

/** `report` is the text of what the command wrote to LLAMACTOR_RUN_REPORT, or null. Its facts win over those of the output. */
export const responseOf = (stdout: string, report: string | null): RunResponse => {
  const { usage, model, stop_reason: stopReason, total_cost_usd: costUsd } = report === null ? {} : parsed(report);
  return {
    ...parseOutput(stdout),
    ...(usage === undefined
      ? {}
      : {
          usage: {
            inputTokens: usage.input_tokens,
            outputTokens: usage.output_tokens,
            totalTokens: usage.input_tokens + usage.output_tokens,
          },
        }),
    ...(model === undefined ? {} : { model }),
    ...(stopReason === undefined ? {} : { stopReason }),
    ...(costUsd === undefined ? {} : { costUsd }),
  };
};
