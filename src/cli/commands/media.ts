import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from 'commander';
import type { LlamactorClient } from '../../client/index.ts';
import { CodedError, isErrorCode } from '../../contracts/errors.ts';
import { mediaHasEnded } from '../../contracts/media.ts';
import type { MediaToolView, MediaView } from '../../contracts/media.ts';
import { ExplainedError, UsageError } from '../exit.ts';
import { followMedia } from '../follow-media.ts';
import type { CliHost } from '../host.ts';
import type { Session } from '../session.ts';
import { byDefault } from '../subcommands.ts';
import { bytes, duration, relative } from '../text/format.ts';
import { mediaCell, mediaDetail, paramLine } from '../text/media-words.ts';
import { createProgress } from '../text/progress.ts';
import { oneLine } from '../text/sanitize.ts';
import { table } from '../text/table.ts';

interface GenerateFlags {
  input?: string;
  param?: string[];
  output?: string;
  detach?: boolean;
}

const collected = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value];

/** `name=value`; numbers and booleans are taken for such by the tool's own declaration. */
const paramsOf = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at < 1) throw new UsageError(`Write a parameter as name=value, not "${word}".`);
      return [word.slice(0, at), word.slice(at + 1)] as const;
    }),
  );

const authorised = (session: Session): Record<string, string> =>
  session.key === null ? {} : { Authorization: `Bearer ${session.key}` };

/** What an address of media answered, when it was a refusal. */
const refused = async (response: Response): Promise<CodedError> => {
  const body = (await response.json().catch(() => null)) as { error?: { code?: unknown; message?: unknown } } | null;
  const { code, message } = body?.error ?? {};
  const sentence = typeof message === 'string' ? message : `The server answered with HTTP ${response.status}.`;
  return new CodedError(isErrorCode(code) ? code : 'UPSTREAM_FAILED', sentence);
};

/** Sends a file of this machine; resolves with the id of the media it became. */
const upload = async (session: Session, file: string): Promise<string> => {
  const address = new URL('/media', session.url);
  address.searchParams.set('label', path.basename(file));
  const request = {
    method: 'POST',
    headers: authorised(session),
    body: Readable.toWeb(createReadStream(file)),
    // Sent as it is read: it may be larger than the memory.
    duplex: 'half',
    signal: session.signal,
  };
  const response = await fetch(address, request as RequestInit);
  if (!response.ok) throw await refused(response);
  return ((await response.json()) as { data: { mediaId: string } }).data.mediaId;
};

/** A file of this machine, or else the id of media that are there. */
const inputOf = async (session: Session, wanted: string): Promise<string> => {
  const file = path.resolve(session.io.cwd, wanted);
  const isFile = await stat(file).then(
    (found) => found.isFile(),
    () => false,
  );
  if (isFile) return upload(session, file);
  if (/[/\\.]/.test(wanted)) throw new UsageError(`There is no file "${wanted}".`);
  return wanted;
};

const save = async (session: Session, media: MediaView, target: string): Promise<void> => {
  const response = await fetch(new URL(`/media/${media.id}`, session.url), {
    headers: authorised(session),
    signal: session.signal,
  });
  if (!response.ok || response.body === null) throw await refused(response);
  const body = response.body as unknown as AsyncIterable<Uint8Array>;
  await pipeline(body, createWriteStream(path.resolve(session.io.cwd, target)));
};

const failureOf = (media: MediaView): Error => {
  const refusal = new CodedError('UPSTREAM_FAILED', media.error ?? 'It came to nothing.', {
    details: { mediaId: media.id, reason: media.errorCode },
  });
  return media.state === 'cancelled'
    ? new CodedError('INVALID_STATE', 'It was cancelled.')
    : new ExplainedError(refusal, media.lastLines.slice(-8));
};

const wait = async (session: Session, client: LlamactorClient, id: string): Promise<MediaView> => {
  session.whenInterrupted(
    `The server goes on; \`llamactor media list\` shows how far it is, \`llamactor media cancel ${id}\` stops it.`,
  );
  const progress = createProgress(session.io.stderr);
  let finished = false;
  const settle = (): void => {
    finished = true;
    progress.clear();
  };
  session.signal.addEventListener('abort', settle);
  return followMedia(client, id, (media) => {
    if (finished || session.asJson) return;
    const label = media.message === null ? media.stage : `${media.stage}: ${media.message}`;
    progress.update(label, media.state === 'queued' ? null : media.progress);
  }).finally(settle);
};

const generate = async (session: Session, tool: string, prompt: string[], flags: GenerateFlags): Promise<void> => {
  const params = paramsOf(flags.param ?? []);
  const client = await session.connect();
  const input = flags.input === undefined ? undefined : await inputOf(session, flags.input);
  const text = prompt.join(' ');
  const { media } = await client.call('media:generate', {
    tool,
    params,
    ...(text === '' ? {} : { prompt: text }),
    ...(input === undefined ? {} : { input }),
  });
  const id = oneLine(media.id);
  if (flags.detach === true) {
    if (session.asJson) session.json({ media });
    else session.print(`The server works on ${id}; \`llamactor media list\` shows how far it is.\n`);
    return;
  }
  const started = performance.now();
  const made = await wait(session, client, media.id);
  if (made.state !== 'complete') throw failureOf(made);
  if (flags.output !== undefined) await save(session, made, flags.output);
  if (session.asJson) {
    session.json({ media: made });
    return;
  }
  const where = flags.output ?? new URL(made.url ?? '', session.url).href;
  session.print(
    `${session.paint('green', oneLine(where))}: ${oneLine(made.mime ?? 'a file')}, ${bytes(made.bytes)}, after ${duration(performance.now() - started)}.\n`,
  );
};

const list = async (session: Session): Promise<void> => {
  const client = await session.connect();
  const { media } = await client.call('media:list', {});
  if (session.asJson) {
    session.json({ media });
    return;
  }
  if (media.length === 0) {
    session.print('There are no media yet; `llamactor media tools` shows what can be made.\n');
    return;
  }
  const now = Date.now();
  const rows = media.map((each) => [
    each.id,
    each.tool ?? 'upload',
    mediaCell(each),
    bytes(each.bytes),
    relative(each.createdAt, now),
    { text: mediaDetail(each), colour: each.state === 'failed' ? ('red' as const) : null },
  ]);
  const columns = [
    { title: 'id' },
    { title: 'tool' },
    { title: 'state' },
    { title: 'size', align: 'right' as const },
    { title: 'asked for', align: 'right' as const },
    { title: 'detail', flexible: true as const },
  ];
  session.print(table(columns, rows, session.paint, session.width));
};

const tools = async (session: Session, name: string | undefined): Promise<void> => {
  const client = await session.connect();
  const all = (await client.call('media:tools', {})).tools;
  const shown = name === undefined ? all : all.filter((tool) => tool.name === name);
  if (shown.length === 0) throw new CodedError('NOT_FOUND', `There is no media tool "${name ?? ''}".`);
  if (session.asJson) {
    session.json({ tools: shown });
    return;
  }
  session.print(shown.map((tool) => toolText(session, tool)).join('\n'));
};

const toolText = (session: Session, tool: MediaToolView): string => {
  const needs = [
    tool.prompt === 'none' ? '' : `a prompt${tool.prompt === 'optional' ? ' if you like' : ''}`,
    tool.input === 'none'
      ? ''
      : `--input ${tool.accepts.join(' or ')}${tool.input === 'optional' ? ' if you like' : ''}`,
  ].filter((text) => text !== '');
  const lines = [
    `${session.paint(tool.available ? 'green' : 'dim', tool.name)}  ${oneLine(tool.title)}`,
    ...(tool.description === '' ? [] : [`  ${oneLine(tool.description)}`]),
    ...(tool.problem === null ? [] : [`  ${session.paint('yellow', oneLine(tool.problem))}`]),
    ...(needs.length === 0 ? [] : [`  takes ${needs.join(', and ')}`]),
    ...tool.params.map((param) => `    ${oneLine(paramLine(param))}`),
  ];
  return `${lines.join('\n')}\n`;
};

const cancel = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const { media } = await client.call('media:cancel', { mediaId: id });
  if (session.asJson) session.json({ media });
  else session.print(`${oneLine(media.id)} is ${mediaHasEnded(media.state) ? media.state : 'being cancelled'}.\n`);
};

const remove = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const result = await client.call('media:remove', { mediaId: id });
  if (session.asJson) session.json(result);
  else
    session.print(
      `${oneLine(result.mediaId)} is removed; \`llamactor media restore ${oneLine(result.mediaId)}\` takes that back within ten minutes.\n`,
    );
};

const restore = async (session: Session, id: string): Promise<void> => {
  const client = await session.connect();
  const { media } = await client.call('media:restore', { mediaId: id });
  if (session.asJson) session.json({ media });
  else session.print(`${oneLine(media.id)} is back.\n`);
};

export const registerMedia = (program: Command, host: CliHost): void => {
  const media = program
    .command('media')
    .description('make pictures, sound, films and texts with the tools of the server');
  byDefault(media, () => host.run(list));
  media
    .command('generate')
    .description('have a tool make something, and wait until it is there; it goes on in the server when you leave')
    .argument('<tool>', 'as `llamactor media tools` lists them')
    .argument('[prompt...]', 'what to make, for tools that take words')
    .option('-i, --input <file>', 'what to work on: a file, which is sent to the server, or the id of media')
    .option('-p, --param <name=value>', 'a parameter of the tool; may be given several times', collected)
    .option('-o, --output <file>', 'write it here as well')
    .option('-d, --detach', 'do not wait')
    .action((tool: string, prompt: string[], flags: GenerateFlags) =>
      host.run((session) => generate(session, tool, prompt, flags)),
    );
  media
    .command('list')
    .description('your media, newest first')
    .action(() => host.run(list));
  media
    .command('cancel')
    .description('end what is being made')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => cancel(session, id)));
  media
    .command('remove')
    .description('delete media; for ten minutes that can be taken back')
    .argument('<id>', 'as listed')
    .action((id: string) => host.run((session) => remove(session, id)));
  media
    .command('restore')
    .description('take a removal back')
    .argument('<id>', 'as it was listed')
    .action((id: string) => host.run((session) => restore(session, id)));
  media
    .command('tools')
    .description('what can be made, with which parameters, and what is missing')
    .argument('[name]', 'only this tool')
    .action((name: string | undefined) => host.run((session) => tools(session, name)));
};
