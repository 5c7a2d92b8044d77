/** What a call of a session's tool does, in words for a person. */

/** The parts of a call and of its element that are put into words. */
export interface CallWords {
  tool: string;
  arguments: Readonly<Record<string, unknown>>;
  /** Accessible name of the element it is about; null when there is none or it is not known. */
  name: string | null;
  /** A password is not written out. */
  secret: boolean;
}

const LONGEST = 160;
const cut = (text: string, most = LONGEST): string => {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return line.length > most ? `${line.slice(0, most - 1)}…` : line;
};
const quoted = (text: string, most = 80): string => `“${cut(text, most)}”`;

export const callTitle = ({ tool, arguments: args, name, secret }: CallWords): string => {
  const text = (field: string): string => {
    const value = args[field];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const element = name === null || name.trim() === '' ? text('ref') : quoted(name);
  switch (tool) {
    case 'navigate':
      return `Open ${cut(text('url'))}`;
    case 'read':
      return 'Read the page';
    case 'click':
      return `Click ${element}`;
    case 'type':
      return `Type ${secret ? 'a secret' : quoted(text('text'), 60)} into ${element}${args['submit'] === true ? ' and press Enter' : ''}`;
    case 'press':
      return `Press ${cut(text('key'), 32)}`;
    case 'scroll':
      return `Scroll ${text('direction')}`;
    case 'select':
      return `Choose ${quoted(Array.isArray(args['values']) ? args['values'].join(', ') : '')} in ${element}`;
    case 'back':
      return 'Go back';
    case 'wait':
      return args['text'] === undefined ? `Wait ${text('seconds')} s` : `Wait for ${quoted(text('text'))}`;
    case 'screenshot':
      return 'Look at the page';
    case 'download':
      return `Download ${element}`;
    case 'upload':
      return `Give a file to ${element}`;
    case 'open_file':
      return 'Read an attached file';
    default:
      return cut(tool);
  }
};
