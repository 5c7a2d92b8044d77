/** Whether a tool can do what somebody wishes: checked before anything is noted. */
import { CodedError } from '../../contracts/errors.ts';
import { checkedParams } from '../../contracts/media-params.ts';
import type { MediaRecord } from '../../contracts/media-record.ts';
import { kindOf } from '../../contracts/media.ts';
import type { MediaParamValue } from '../../contracts/media.ts';
import { commandLine } from './media-ports.ts';
import type { MediaWish } from './media-ports.ts';
import type { ReadyTool } from './toolbox.ts';

export interface Asked {
  prompt?: string | undefined;
  params: Readonly<Record<string, MediaParamValue>>;
}

/** Media that are to be worked on, and where their file lies; null when they are not complete. */
export interface Given {
  record: MediaRecord;
  file: string | null;
}

const inputFor = ({ tool: { name, input, accepts } }: ReadyTool, given: Given | null): string | null => {
  if (given === null) {
    if (input !== 'required') return null;
    throw new CodedError('INVALID_PAYLOAD', `The tool ${name} needs an input: the id of media that are here.`);
  }
  if (input === 'none') throw new CodedError('INVALID_PAYLOAD', `The tool ${name} takes no input.`);
  const { id, mime } = given.record;
  if (given.file === null) throw new CodedError('INVALID_STATE', `The media ${id} are not complete.`);
  const kind = kindOf(mime ?? '');
  if (accepts.includes(kind)) return given.file;
  throw new CodedError('INVALID_PAYLOAD', `The tool ${name} takes ${accepts.join(' or ')}, and ${id} is ${kind}.`);
};

const promptFor = ({ tool: { name, prompt } }: ReadyTool, wanted: string | undefined): string | null => {
  const text = wanted?.trim() ?? '';
  if (text.includes('\0')) throw new CodedError('INVALID_PAYLOAD', 'The prompt must be text.');
  if (text === '' && prompt === 'required') throw new CodedError('INVALID_PAYLOAD', `The tool ${name} needs a prompt.`);
  if (text !== '' && prompt === 'none') throw new CodedError('INVALID_PAYLOAD', `The tool ${name} takes no prompt.`);
  return text === '' ? null : text;
};

/** The wish with defaults filled in. Throws INVALID_PAYLOAD or INVALID_STATE with what to change. */
export const checkedWish = (tool: ReadyTool, { prompt, params }: Asked, given: Given | null): MediaWish => {
  const wish = {
    tool,
    input: inputFor(tool, given),
    prompt: promptFor(tool, prompt),
    params: checkedParams({ name: tool.tool.name, params: tool.view.params }, params),
  };
  // What cannot become a command line is refused now, not when its turn has come.
  commandLine(wish, '/');
  return wish;
};
