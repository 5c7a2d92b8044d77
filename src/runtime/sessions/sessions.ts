/**
 * Sessions: models that work in a browser. One under way is an actor, one that has ended a record and a folder. What somebody
 * asked for is on disk before it is acknowledged, an entry of a transcript before it is told.
 */
import { createActor } from 'xstate';
import type { AnyActorRef, InspectionEvent } from 'xstate';
import type { SessionCommand } from '../../../machines/session.machine.ts';
import type { Services, SessionCaller } from '../../commands/services.ts';
import type { Config } from '../../contracts/config.ts';
import { CodedError } from '../../contracts/errors.ts';
import { SessionRecord } from '../../contracts/session-record.ts';
import type { SessionsDocument } from '../../contracts/session-record.ts';
import { sessionHasEnded } from '../../contracts/sessions.ts';
import type { SessionFileView } from '../../contracts/sessions.ts';
import type { LogLevel } from '../../contracts/views.ts';
import { BrowserProblem } from '../../io/browser/browser.ts';
import type { OpenBrowser, SessionBrowser } from '../../io/browser/browser.ts';
import type { Mind } from '../../io/sessions/mind.ts';
import type { SessionFiles } from '../../io/sessions/session-files.ts';
import type { Document } from '../../io/store/document.ts';
import type { Approvals } from '../approvals/approvals.ts';
import type { ChangeHub } from '../changes.ts';
import { createBrowsers } from './browsers.ts';
import { siteOf, sitesIn } from './consent.ts';
import { createSessionBook, stateOf } from './session-book.ts';
import type { SessionRow } from './session-book.ts';
import { sessionPorts } from './session-ports.ts';
import type { SessionShelf } from './session-shelf.ts';
import { createTranscripts } from './transcripts.ts';

export interface SessionsOptions {
  store: Pick<Document<SessionsDocument>, 'get' | 'update' | 'close'>;
  files: SessionFiles;
  shelf: SessionShelf;
  openBrowser: OpenBrowser;
  mind: Mind;
  approvals: Pick<Approvals, 'ask' | 'allowances'>;
  config(): Config;
  hub: Pick<ChangeHub, 'publish' | 'subscribe'>;
  log(level: LogLevel, source: string, message: string): void;
  now(): number;
  newId(): string;
}

export type Sessions = Services['sessions'] & {
  /** Those under way, for the inspector. */
  actors(): AnyActorRef[];
  inspect(observer: (event: InspectionEvent) => void): { unsubscribe(): void };
  /** Notes the end of what an earlier server left. */
  begin(): Promise<void>;
  /** Ends everything that works, closes every browser, and tells it. */
  drain(): Promise<void>;
  close(): Promise<void>;
};

const CANCEL_MS = 5000;
const ACTION_MS = 30_000;
const SWEEP_MS = 30_000;
const MINUTE_MS = 60_000;
const MOST_UNDER_WAY = 100;
const LONGEST_TITLE = 120;
const LONGEST_PROMPT = 2000;
const INTERRUPTED = 'It was interrupted by a restart of the server; a further instruction goes on.';
const ORDINALS = ['1st', '2nd', '3rd'];

const placeText = (place: number): string =>
  `It waits for a free browser: ${ORDINALS[place] ?? `${place + 1}th`} in line.`;

const cutTo = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text);
const titleFor = (prompt: string): string => cutTo(prompt.trim().split('\n', 1)[0] ?? '', LONGEST_TITLE);
const refuse = (message: string): never => {
  throw new CodedError('INVALID_STATE', message);
};

/** What a browser's refusal is to whoever asked for it over a command. */
const asCoded = (error: unknown): unknown =>
  error instanceof BrowserProblem
    ? new CodedError(error.code === 'TIMEOUT' ? 'TIMEOUT' : 'INVALID_STATE', error.message)
    : error;

export const createSessions = (options: SessionsOptions): Sessions => {
  const { files, shelf, config, hub, log, now } = options;
  const observers = new Map<(event: InspectionEvent) => void, { unsubscribe(): void }[]>();
  let closed = false;
  let sweep: NodeJS.Timeout | null = null;

  const browsers = createBrowsers({
    most: () => config()['sessions.max'],
    open: (id, signal) => ports.openFor(options.openBrowser)(id, signal),
    onWaiting(id, place) {
      const row = book.find(id);
      if (row === undefined) return;
      row.waitsFor = placeText(place);
      book.tell(row, null);
    },
    onError: (error) => log('error', 'server', `A session’s browser could not be closed: ${String(error)}`),
    now,
  });
  const discard = async (id: string): Promise<void> => {
    try {
      await browsers.close(id);
      await transcripts.forget(id);
      await files.remove(id);
    } catch (error) {
      log('warn', 'server', `What the session ${id} left could not be removed: ${String(error)}`);
    }
  };
  const book = createSessionBook({
    ...options,
    keep: () => config()['sessions.keep'],
    onDropped: (id) => void discard(id),
  });
  const transcripts = createTranscripts({
    files,
    now,
    onWritten(id, entry, next) {
      const row = book.find(id);
      if (row === undefined) return;
      row.record = { ...row.record, entries: next };
      hub.publish({ kind: 'session.entry', sessionId: id, entry, owner: row.record.owner, by: null });
    },
  });
  const ports = sessionPorts({ ...options, book, browsers, transcripts });

  /** Keeps the stored status in step, so that a restart knows what it finds. */
  const noteStatus = (row: SessionRow): void => {
    const { status, message } = book.view(row);
    const state = stateOf(row);
    // The end is written by the machine itself.
    if (state === null || state === 'closing' || status === row.record.status) return;
    const pausing = state === 'paused' || state === 'byHand' ? false : row.record.pausing;
    void book.note(row, { status, message, pausing });
  };

  const spawn = (row: SessionRow): void => {
    const { id, steps, maxSteps, timeoutMs } = row.record;
    const actor = createActor(ports.machine, {
      id: `session ${id.slice(0, 8)}`,
      input: { id, steps, maxSteps, timeoutMs },
    });
    for (const [observer, observed] of observers) observed.push(actor.system.inspect(observer));
    row.actor = actor;
    row.gone = new AbortController();
    row.waitsFor = null;
    row.doing = null;
    actor.subscribe({
      next(snapshot) {
        if (row.actor !== actor) return;
        const state = stateOf(row);
        if (state === 'paused' || state === 'questioning' || state === 'byHand') browsers.rest(id, false);
        if (snapshot.status === 'done') {
          row.actor = null;
          row.doing = null;
          log('info', 'server', `A session has ended: ${row.record.status}.`);
        } else noteStatus(row);
        book.tell(row, null);
      },
      error(error) {
        log('error', 'server', `The session ${id} failed inside: ${String(error)}`);
        if (row.actor !== actor) return;
        row.actor = null;
        row.gone.abort();
        const message = 'It failed inside the server; the log says more.';
        void book
          .note(row, { status: 'error', errorCode: 'UNEXPECTED', message, endedAt: now() })
          .then(() => book.tell(row, null));
        browsers.close(id).catch(() => undefined);
      },
    });
    actor.start();
  };
  const send = (row: SessionRow, event: SessionCommand): void => row.actor?.send(event);

  const refuseClosed = (): void => {
    if (closed) refuse('The server is stopping; try again when it runs.');
  };
  const filesOf = (ids: readonly string[], owner: string): SessionFileView[] =>
    [...new Set(ids)].map((fileId) => {
      const file = shelf.find(fileId, owner);
      if (file !== undefined) return file;
      throw new CodedError(
        'NOT_FOUND',
        `There is no file ${JSON.stringify(fileId.slice(0, 128))} of yours; upload it first, to /sessions/files.`,
      );
    });
  const withFiles = (row: SessionRow, more: readonly SessionFileView[]): SessionFileView[] => [
    ...row.record.files.filter(({ fileId }) => !more.some((file) => file.fileId === fileId)),
    ...more,
  ];
  const budget = (): number => config()['sessions.maxSteps'];

  /** Resolves with the view when the actor has come to its end, or at the deadline as it is. */
  const ended = (row: SessionRow): Promise<void> => {
    const { actor } = row;
    if (actor === null) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, CANCEL_MS);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      if (actor.getSnapshot().status !== 'active') return done();
      actor.subscribe({ complete: done, error: done });
    });
  };
  const needBrowser = (row: SessionRow): SessionBrowser =>
    browsers.get(row.record.id) ?? refuse('This session has no open browser now; it gets one when it goes on.');

  /** Goes on with one that has no actor: it has ended, or an earlier server left it waiting. */
  const revive = async (row: SessionRow, over: Partial<SessionRecord> = {}): Promise<void> => {
    const { steps, maxSteps } = row.record;
    await book.save(row, {
      ...{ status: 'running', message: 'It goes on.', errorCode: null, answer: null, endedAt: null, pausing: false },
      maxSteps: steps >= maxSteps ? steps + budget() : maxSteps,
      ...over,
    });
    spawn(row);
  };

  const answerQuestion = async (row: SessionRow, text: string, who: string): Promise<void> => {
    const { question } = row.record;
    if (question === null) return;
    const transcript = await transcripts.of(row.record.id);
    await transcript.write({ kind: 'question', text: question.text, answer: text, who }, question.seq);
  };

  const go = async (
    row: SessionRow,
    { text, more }: { text: string; more: SessionFileView[] },
    { who, by }: SessionCaller,
  ): Promise<void> => {
    const { id, question, status, sites } = row.record;
    if (status === 'user_stopped') refuse('This session was ended by a person; start a new one.');
    const says = text.trim() !== '';
    const state = stateOf(row);
    if (!says) {
      if (question !== null && state !== 'byHand')
        throw new CodedError('INVALID_PAYLOAD', 'The model waits for an answer: give one as prompt.');
      if (state === null && status !== 'pause')
        throw new CodedError('INVALID_PAYLOAD', 'It has ended; say in prompt how to go on.');
    }
    const transcript = await transcripts.of(id);
    if (question !== null && says) await answerQuestion(row, text, who);
    if (more.length > 0 || (question === null && says))
      await transcript.write({ kind: 'instruction', text, who, files: more });
    const over: Partial<SessionRecord> = {
      files: withFiles(row, more),
      sites: [...new Set([...sites, ...sitesIn(text)])],
      pausing: false,
      ...(says ? { question: null } : {}),
    };
    if (row.actor === null) await revive(row, over);
    else {
      await book.save(row, over);
      send(row, { type: says ? 'session.instructed' : 'session.resume' });
    }
    book.tell(row, by);
  };

  return {
    actors: () => [...book.rows.values()].flatMap(({ actor }) => actor ?? []),
    inspect(observer) {
      const observed = [...book.rows.values()].flatMap(({ actor }) => actor?.system.inspect(observer) ?? []);
      observers.set(observer, observed);
      return {
        unsubscribe() {
          observers.delete(observer);
          for (const { unsubscribe } of observed) unsubscribe();
        },
      };
    },
    list: (owner, limit) => book.of(owner).slice(0, limit).map(book.view),
    get: (id, owner) => book.view(book.need(id, owner)),
    async transcript(id, owner, from, limit) {
      book.need(id, owner);
      const rest = (await transcripts.of(id)).entries().filter(({ seq }) => seq >= from);
      const entries = rest.slice(0, limit);
      return { entries, next: (entries.at(-1)?.seq ?? from - 1) + 1, more: rest.length > entries.length };
    },
    async start(wish, { owner, who, by }) {
      refuseClosed();
      const underWay = [...book.rows.values()].filter(({ actor }) => actor !== null).length;
      if (underWay >= MOST_UNDER_WAY)
        throw new CodedError('QUEUE_FULL', `${MOST_UNDER_WAY} sessions are under way; end some first.`);
      const more = filesOf(wish.fileIds, owner);
      const site = siteOf(wish.startUrl ?? null);
      const at = now();
      const record = SessionRecord.parse({
        ...{ id: options.newId(), owner, sessionType: wish.sessionType, status: 'init', message: 'It begins.' },
        title: wish.title ?? titleFor(wish.prompt),
        prompt: cutTo(wish.prompt, LONGEST_PROMPT),
        model: wish.model ?? null,
        maxSteps: wish.maxSteps ?? budget(),
        timeoutMs: wish.timeoutMs ?? config()['sessions.timeout'] * MINUTE_MS,
        viewport: { width: wish.width, height: wish.height },
        locale: wish.locale,
        startUrl: wish.startUrl ?? null,
        sites: [...new Set([...sitesIn(wish.prompt), ...(site === null ? [] : [site])])],
        files: more,
        ...{ createdAt: at, updatedAt: at },
      });
      // First what it is about, so that no record is without its instruction.
      const first = await transcripts.of(record.id);
      await first.write({ kind: 'instruction', text: wish.prompt, who, files: more });
      let row: SessionRow;
      try {
        row = await book.add({ ...record, entries: first.next() });
      } catch (error) {
        await discard(record.id);
        throw error;
      }
      spawn(row);
      book.tell(row, by);
      for (const entry of first.entries())
        hub.publish({ kind: 'session.entry', sessionId: record.id, entry, owner, by });
      return book.view(row);
    },
    async continue(id, prompt, fileIds, caller) {
      refuseClosed();
      const row = book.need(id, caller.owner);
      await go(row, { text: prompt, more: filesOf(fileIds, caller.owner) }, caller);
      return book.view(row);
    },
    async pause(id, caller) {
      const row = book.need(id, caller.owner);
      if (row.actor === null && row.record.status !== 'pause') refuse('This session has ended.');
      send(row, { type: 'session.pause' });
      const state = stateOf(row);
      await book.save(
        row,
        state === 'paused' ? { status: 'pause', message: 'It is paused.' } : { pausing: state !== null },
      );
      book.tell(row, caller.by);
      return book.view(row);
    },
    async cancel(id, caller) {
      const row = book.need(id, caller.owner);
      if (row.actor === null) {
        if (sessionHasEnded(row.record.status)) refuse(`This session has ended already: ${row.record.status}.`);
        await browsers.close(id);
        const message = `It was ended by ${caller.who}.`;
        await book.save(row, { status: 'user_stopped', message, question: null, pausing: false, endedAt: now() });
      } else {
        const over = ended(row);
        send(row, { type: 'session.cancel', who: caller.who });
        await over;
        if (row.record.status !== 'user_stopped')
          refuse(
            sessionHasEnded(row.record.status)
              ? `This session has ended already: ${row.record.status}.`
              : 'It did not end in time; look at its state.',
          );
      }
      book.tell(row, caller.by);
      return book.view(row);
    },
    async update(id, { title, maxSteps }, caller) {
      const row = book.need(id, caller.owner);
      await book.save(row, {
        ...(title === undefined ? {} : { title }),
        ...(maxSteps === undefined ? {} : { maxSteps }),
      });
      if (maxSteps !== undefined) send(row, { type: 'limits.changed', maxSteps });
      book.tell(row, caller.by);
      return book.view(row);
    },
    async remove(id, caller) {
      const row = book.need(id, caller.owner);
      if (row.actor !== null) {
        const over = ended(row);
        send(row, { type: 'session.cancel', who: caller.who });
        await over;
      }
      await book.remove(row, caller.by);
    },
    async attach(id, fileIds, caller) {
      const row = book.need(id, caller.owner);
      const more = filesOf(fileIds, caller.owner);
      const names = more.map(({ fileName, fileId }) => `${fileName} (${fileId})`).join(', ');
      await (
        await transcripts.of(id)
      ).write({ kind: 'note', level: 'info', text: `Attached by ${caller.who}: ${names}.` });
      await book.save(row, { files: withFiles(row, more) });
      book.tell(row, caller.by);
      return book.view(row);
    },
    files: (owner, limit) => shelf.list(owner).slice(0, limit),
    async screenshot(id, owner) {
      const browser = needBrowser(book.need(id, owner));
      return browser.screenshot({}, AbortSignal.timeout(ACTION_MS)).catch((error: unknown) => {
        throw asCoded(error);
      });
    },
    async takeOver(id, caller) {
      refuseClosed();
      const row = book.need(id, caller.owner);
      if (row.actor === null && row.record.status !== 'pause' && row.record.question === null)
        refuse('This session has ended; say how to go on first.');
      if (row.actor === null) await revive(row);
      send(row, { type: 'session.take-over' });
      book.tell(row, caller.by);
      return book.view(row);
    },
    async giveBack(id, note, caller) {
      const row = book.need(id, caller.owner);
      if (stateOf(row) !== 'byHand') refuse('Nobody has this browser in hand; take it over first.');
      const text = `I have used the browser by hand and give it back to you.${note.trim() === '' ? ' Look at the page before you go on.' : ` ${note.trim()}`}`;
      await answerQuestion(row, text, caller.who);
      if (row.record.question === null)
        await (await transcripts.of(id)).write({ kind: 'instruction', text, who: caller.who, files: [] });
      await book.save(row, { question: null });
      send(row, { type: 'session.give-back' });
      book.tell(row, caller.by);
      return book.view(row);
    },
    async input(id, input, caller) {
      const row = book.need(id, caller.owner);
      if (stateOf(row) !== 'byHand') refuse('Take the browser over before you use it by hand.');
      await needBrowser(row)
        .input(input, AbortSignal.any([row.gone.signal, AbortSignal.timeout(ACTION_MS)]))
        .catch((error: unknown) => {
          throw asCoded(error);
        });
    },
    watch(id, owner, listener) {
      book.need(id, owner);
      return browsers.watch(id, (frame) => listener({ id, ...frame }));
    },
    file(id, owner, kind, name) {
      const { record } = book.need(id, owner);
      if (kind === 'pictures' && /^[\w-]{1,64}\.png$/.test(name))
        return { path: files.picture(id, name), name, contentType: 'image/png' };
      const download = kind === 'downloads' ? record.downloads.find((each) => each.name === name) : undefined;
      if (download === undefined)
        throw new CodedError('NOT_FOUND', `This session has no such file: ${JSON.stringify(name.slice(0, 128))}.`);
      return { path: files.download(id, download.name), name, contentType: download.contentType };
    },
    async begin() {
      const known = new Set(book.rows.keys());
      for (const id of await files.list()) if (!known.has(id)) await files.remove(id).catch(() => undefined);
      for (const row of book.rows.values()) {
        const { id, status, question, pausing } = row.record;
        if (sessionHasEnded(status) || status === 'pause' || question !== null) continue;
        if (pausing) {
          await book.note(row, { status: 'pause', message: 'It is paused.', pausing: false });
          continue;
        }
        const transcript = await transcripts.of(id);
        await transcript.write({ kind: 'note', level: 'error', text: INTERRUPTED }).catch(() => undefined);
        await book.note(row, { status: 'error', errorCode: 'INTERRUPTED', message: INTERRUPTED, endedAt: now() });
        log('warn', 'server', 'A session was interrupted by the end of the server.');
        book.tell(row, null);
      }
      sweep = setInterval(() => browsers.sweep(config()['sessions.sweep'] * MINUTE_MS), SWEEP_MS).unref();
    },
    async drain() {
      closed = true;
      if (sweep !== null) clearInterval(sweep);
      const ending = [...book.rows.values()].flatMap((row) => {
        const state = stateOf(row);
        if (row.actor === null) return [];
        if (state !== 'paused' && state !== 'questioning' && state !== 'byHand') {
          const over = ended(row);
          send(row, { type: 'session.interrupt' });
          return [over];
        }
        // It waits on for a person, also after a restart.
        row.gone.abort();
        row.actor.stop();
        row.actor = null;
        return [];
      });
      await Promise.all(ending);
      await browsers.closeAll();
    },
    async close() {
      for (const { actor } of book.rows.values()) actor?.stop();
      await transcripts.close();
      await options.store.close();
    },
  };
};
