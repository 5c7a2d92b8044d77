/** Chat templates (Jinja) of the demo model. Both end in a byte that decides which chain of tokens the answer follows. */

/** The byte before an answer that calls a tool: ":" where a plain answer follows a line break. */
export const TOOL_ANSWER_BYTE = 0x3a;

export const PLAIN_TEMPLATE = [
  '{%- for message in messages -%}',
  "{{- message['role'] + '\\n' -}}",
  "{%- if message['content'] is string -%}{{- message['content'] -}}{%- endif -%}",
  "{{- '\\n' -}}",
  '{%- endfor -%}',
  "{%- if add_generation_prompt -%}{{- 'assistant\\n' -}}{%- endif -%}",
].join('\n');

/**
 * Offers tools in the widespread form of Hermes and Qwen (`<tool_call>` around one JSON object), which llama.cpp recognises
 * from the template and turns into `tool_calls` of the answer.
 */
export const TOOL_TEMPLATE = [
  '{%- if tools -%}',
  "{{- 'system\\nTools: ' -}}",
  "{%- for tool in tools -%}{{- (tool | tojson) + '\\n' -}}{%- endfor -%}",
  '{{- \'Call one with <tool_call>\\n{"name": NAME, "arguments": ARGUMENTS}\\n</tool_call>\\n\' -}}',
  '{%- endif -%}',
  '{%- for message in messages -%}',
  "{{- message['role'] + '\\n' -}}",
  "{%- if message['content'] is string -%}{{- message['content'] -}}{%- endif -%}",
  "{%- if message['tool_calls'] -%}",
  "{%- for call in message['tool_calls'] -%}",
  "{{- '<tool_call>\\n{\"name\": \"' + call['function']['name'] + '\", \"arguments\": ' -}}",
  "{{- (call['function']['arguments'] | tojson) + '}\\n</tool_call>' -}}",
  '{%- endfor -%}',
  '{%- endif -%}',
  "{{- '\\n' -}}",
  '{%- endfor -%}',
  '{%- if add_generation_prompt -%}',
  "{%- if tools and messages[-1]['role'] != 'tool' -%}{{- 'assistant:' -}}{%- else -%}{{- 'assistant\\n' -}}{%- endif -%}",
  '{%- endif -%}',
].join('\n');

export const toolCallText = (call: { name: string; arguments: Readonly<Record<string, unknown>> }): string =>
  `<tool_call>\n${JSON.stringify({ name: call.name, arguments: call.arguments })}\n</tool_call>`;
