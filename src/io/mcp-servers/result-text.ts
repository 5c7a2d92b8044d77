/** What a tool answers, as text: a model that is asked by text gets no pictures or sound. Pure. */
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';

const kib = (base64: string): string => `${Math.max(1, Math.round((base64.length * 0.75) / 1024))} KiB`;

const partOf = (part: CallToolResult['content'][number]): string => {
  switch (part.type) {
    case 'text':
      return part.text;
    case 'image':
    case 'audio':
      return `[${part.type === 'image' ? 'an image' : 'sound'}, ${part.mimeType}, ${kib(part.data)}]`;
    case 'resource_link':
      return `[${part.name}: ${part.uri}]`;
    case 'resource':
      return 'text' in part.resource ? part.resource.text : `[${part.resource.uri}, ${kib(part.resource.blob)}]`;
  }
};

export const textOf = ({ content, structuredContent }: CallToolResult): string => {
  const text = content.map(partOf).join('\n');
  return text === '' && structuredContent !== undefined ? JSON.stringify(structuredContent) : text;
};
