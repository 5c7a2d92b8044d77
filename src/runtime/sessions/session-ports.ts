/** What a session's machine drives: its browser, its model, the person who is asked, and its transcript. */
import { fromCallback, fromPromise } from 'xstate';
import type { EventObject } from 'xstate';
import { sessionMachine } from '../../../machines/session.machine.ts';
import type {
  ActionResult,
  SessionNote,
  SessionOutcome,
  SessionStep,
  SessionThought,
  StopwatchCommand,
} from '../../../machines/session.machine.ts';
import { judgeVisit, readRule } from '../../../machines/session-policy.ts';
import type { Circumstances, Judgement, SessionCall, SessionRule } from '../../../machines/session-policy.ts';
import { APPROVAL_TIMEOUT_MS } from '../../contracts/commands/approvals.ts';
import type { Config } from '../../contracts/config.ts';
import { SESSION_TOOLS } from '../../contracts/session-tools.ts';
import type { ToolCall, ToolName } from '../../contracts/session-tools.ts';
import { BrowserProblem } from '../../io/browser/browser.ts';
import type { Allowed, BrowserEvent, ElementFacts, OpenBrowser, SessionBrowser } from '../../io/browser/browser.ts';
import type { Mind, Sight } from '../../io/sessions/mind.ts';
import type { SessionFiles } from '../../io/sessions/session-files.ts';
import type { Approvals } from '../approvals/approvals.ts';
import type { Browsers } from './browsers.ts';
import { isSameElement, isSecret, previewOf, reasonOf, siteOf, targetOf, titleOf } from './consent.ts';
import type { SessionBook, SessionRow } from './session-book.ts';
import type { SessionShelf } from './session-shelf.ts';
import type { Transcripts } from './transcripts.ts';

export interface SessionPortsOptions {
  book: SessionBook;
  browsers: Browsers;
  transcripts: Transcripts;
  files: SessionFiles;
  shelf: SessionShelf;
  mind: Mind;
  approvals: Pick<Approvals, 'ask' | 'allowances'>;
  config(): Config;
  now(): number;
}

/** Longest result that a model is told, characters. */
const MOST_RESULT = 8000;
const MOST_SIGHTS = 2;
const MIB = 1024 * 1024;
const CHANGED = 'The page has changed since the person was asked, so it was not done. Read the page and try again.';

const cut = (text: string): string =>
  text.length > MOST_RESULT
    ? `${text.slice(0, MOST_RESULT)}\n[… ${text.length - MOST_RESULT} characters left out]`
    : text;
const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Tools after which there is something new to see. */
const SHOWS: ReadonlySet<string> = new Set<ToolName>([
  ...(['navigate', 'click', 'type', 'press', 'scroll', 'select', 'back', 'wait', 'screenshot', 'upload'] as const),
]);

export const sessionPorts = (options: SessionPortsOptions) => {
  const { book, browsers, transcripts, files, shelf, mind, approvals, config, now } = options;

  const rowOf = (id: string): SessionRow => {
    const row = book.find(id);
    if (row === undefined) throw new Error(`the session ${id} is gone`);
    return row;
  };
  const rulesNow = (): SessionRule[] => config()['sessions.rules'].flatMap((text) => readRule(text) ?? []);
  const grantsOf = ({ record: { id, owner } }: SessionRow): string[] =>
    approvals
      .allowances(owner)
      .filter(({ session }) => session === id)
      .map(({ rule }) => rule);
  const askerOf = ({ record: { title } }: SessionRow): string => `the session “${title}”`;

  const say = (row: SessionRow, over: Partial<Pick<SessionRow, 'doing' | 'waitsFor'>>): void => {
    Object.assign(row, over);
    book.tell(row, null);
  };

  /** A picture of what the browser shows, kept; null when it cannot be had, which no step fails for. */
  const takePicture = async (
    row: SessionRow,
    name: string,
    mark: ElementFacts['box'],
    signal: AbortSignal,
  ): Promise<{ url: string; png: Buffer } | null> => {
    const { id } = row.record;
    try {
      const shot = await browsers.get(id)?.screenshot(mark === null ? {} : { mark }, signal);
      if (shot === undefined) return null;
      await files.savePicture(id, name, shot.png);
      return { url: `/sessions/${id}/pictures/${name}`, png: shot.png };
    } catch {
      return null;
    }
  };

  /** Asks a person, and counts none of that time. */
  const ask = async (
    row: SessionRow,
    request: { title: string; reason: string; preview: string; rule: string; picture: string | null },
    signal: AbortSignal,
  ): Promise<Allowed> => {
    const { id, owner } = row.record;
    const { picture, ...wish } = request;
    const both = AbortSignal.any([signal, row.gone.signal]);
    try {
      return await approvals.ask(
        {
          ...wish,
          title: wish.title.slice(0, 200),
          preview: wish.preview.slice(0, 20_000),
          session: id,
          timeoutMs: APPROVAL_TIMEOUT_MS,
        },
        {
          ...{ owner, asker: askerOf(row), signal: both, picture },
          onAsked(approvalId) {
            row.actor?.send({ type: 'consent.asked', approvalId });
          },
        },
      );
    } finally {
      row.actor?.send({ type: 'consent.answered' });
    }
  };

  const decideVisit = async (row: SessionRow, site: string, url: string): Promise<Allowed> => {
    const { answer, rule } = judgeVisit(site, row.record.sites.includes(site), rulesNow(), grantsOf(row));
    if (answer === 'deny') return { allowed: false, why: `The rules of this server do not allow ${site}.` };
    if (answer === 'allow') return { allowed: true, why: null };
    const before = row.doing;
    say(row, { doing: `Open ${site}` });
    const answered = await ask(
      row,
      {
        title: `Open the site ${site}`,
        reason: reasonOf({ subject: 'visit' }),
        preview: `Address: ${url.slice(0, 2000)}`,
        rule,
        picture: null,
      },
      row.gone.signal,
    );
    say(row, { doing: before });
    return answered;
  };

  const mayVisit = async (id: string, url: string): Promise<Allowed> => {
    const row = rowOf(id);
    const site = siteOf(url);
    if (site === null) return { allowed: false, why: 'Only addresses of the web can be opened.' };
    const state = row.actor?.getSnapshot().value;
    // What a person opens by hand is what that person allows.
    if (state !== 'byHand') {
      const deciding = row.visits.get(site) ?? decideVisit(row, site, url).finally(() => row.visits.delete(site));
      row.visits.set(site, deciding);
      const answer = await deciding;
      if (!answer.allowed) return answer;
    }
    if (!row.record.sites.includes(site)) await book.note(row, { sites: [...row.record.sites, site].slice(-500) });
    return { allowed: true, why: null };
  };

  const onBrowser = (id: string, event: BrowserEvent): void => {
    const row = book.find(id);
    if (row === undefined) return;
    const note = (level: 'info' | 'warn' | 'error', text: string): void => {
      transcripts
        .of(id)
        .then((transcript) => transcript.write({ kind: 'note', level, text }))
        .catch(() => undefined);
    };
    switch (event.type) {
      case 'page':
        void book.note(row, { page: event.page });
        break;
      case 'download':
        void book.note(row, {
          downloads: [
            ...row.record.downloads.filter(({ name }) => name !== event.file.name),
            { ...event.file, url: `/sessions/${id}/downloads/${encodeURIComponent(event.file.name)}` },
          ],
        });
        note('info', `Downloaded ${event.file.name} (${event.file.size} bytes).`);
        break;
      case 'refused':
        note('warn', `Not let through: ${event.what}. ${event.why}`);
        break;
      case 'dialog':
        note('info', `The page said: ${event.message.slice(0, 2000)}`);
        break;
      case 'crashed':
        note('warn', `The browser crashed: ${event.message}`);
        break;
      case 'restored':
        note('info', 'The browser runs again, with its page.');
        break;
    }
    book.tell(row, null);
  };

  /** Opens a session's browser on the page where it was. */
  const openFor =
    (open: OpenBrowser) =>
    async (id: string, signal: AbortSignal): Promise<SessionBrowser> => {
      const { record } = rowOf(id);
      const rules = () => ({
        allow: config()['sessions.allow'],
        deny: config()['sessions.deny'],
        allowPrivate: config()['sessions.allowPrivate'],
      });
      return open(
        {
          id,
          executable: config()['sessions.browser'],
          profile: files.profile(id),
          downloads: files.downloads(id),
          viewport: record.viewport,
          locale: record.locale,
          network: rules,
          mostBytes: () => config()['sessions.downloadMax'] * MIB,
          mayVisit: (url) => mayVisit(id, url),
          startUrl: record.page?.url ?? record.startUrl,
          on: (event) => onBrowser(id, event),
        },
        signal,
      );
    };

  const act = async (
    row: SessionRow,
    browser: SessionBrowser,
    call: ToolCall,
    name: string,
    signal: AbortSignal,
  ): Promise<string> => {
    const { id, owner } = row.record;
    switch (call.tool) {
      case 'navigate':
        return (await browser.navigate(call.arguments.url, signal)).text;
      case 'read':
        return (await browser.read(call.arguments.from, MOST_RESULT - 500, signal)).text;
      case 'click':
        return (await browser.click(call.arguments.ref, signal)).text;
      case 'type':
        return (await browser.type(call.arguments.ref, call.arguments.text, call.arguments.submit, signal)).text;
      case 'press':
        return (await browser.press(call.arguments.key, signal)).text;
      case 'scroll':
        return (await browser.scroll(call.arguments.direction, signal)).text;
      case 'select':
        return (await browser.select(call.arguments.ref, call.arguments.values, signal)).text;
      case 'back':
        return (await browser.back(signal)).text;
      case 'wait':
        return (await browser.wait(call.arguments, signal)).text;
      case 'download':
        return (await browser.download(call.arguments.ref, signal)).text;
      case 'upload': {
        const file = needFile(row, call.arguments.fileId);
        const from = { path: shelf.pathOf(file.fileId, owner), name: file.fileName };
        return (await browser.upload(call.arguments.ref, from, signal)).text;
      }
      case 'open_file':
        return shelf.read(needFile(row, call.arguments.fileId).fileId, owner, call.arguments.from);
      case 'screenshot': {
        const picture = await takePicture(row, name, null, signal);
        if (picture === null) throw new BrowserProblem('NOT_POSSIBLE', 'No picture could be taken.');
        return `The picture was taken. ${browsers.get(id)?.page()?.title ?? ''}`.trim();
      }
      default:
        throw new BrowserProblem('NOT_POSSIBLE', `There is no such action: ${call.tool}.`);
    }
  };
  const needFile = ({ record }: SessionRow, fileId: string) => {
    const file = record.files.find((each) => each.fileId === fileId);
    if (file !== undefined) return file;
    const known = record.files.map((each) => `${each.fileId} (${each.fileName})`).join(', ');
    throw new BrowserProblem(
      'NOT_POSSIBLE',
      known === '' ? 'No file is attached.' : `There is no file ${fileId}; attached are: ${known}.`,
    );
  };

  /** What a picture belongs to once its step is written down. */
  const pictures = new Map<string, { url: string; png: Buffer; tookMs: number }>();
  const factsNow = async (id: string, call: SessionCall, signal: AbortSignal): Promise<ElementFacts | null> => {
    const ref = call.arguments['ref'];
    if (typeof ref !== 'string') return null;
    const browser = browsers.get(id);
    if (browser === null) throw new BrowserProblem('NO_BROWSER', 'The browser is closed.');
    return browser.facts(ref, signal);
  };
  const secretOf = (id: string, call: SessionCall): boolean =>
    call.tool === 'type' && rowOf(id).actor?.getSnapshot().context.judgement?.subject === 'password';

  const noteStep = async (id: string, step: SessionStep): Promise<number> => {
    const row = rowOf(id);
    const { call, words, thought, state, verdict, why, result } = step;
    const secret = secretOf(id, call);
    const title = titleOf(call, row.facts, secret);
    say(row, { doing: title });
    const transcript = await transcripts.of(id);
    const picture = pictures.get(id) ?? null;
    pictures.delete(id);
    const { seq } = await transcript.write(
      {
        kind: 'step',
        ...{ words, thought, tool: call.tool as ToolName, title, state, verdict, why },
        arguments: secret ? { ...call.arguments, text: '••••' } : { ...call.arguments },
        result: cut(result),
        page: browsers.get(id)?.page() ?? row.record.page,
        picture: picture?.url ?? null,
        tookMs: picture?.tookMs ?? null,
      },
      step.seq ?? undefined,
    );
    if (picture !== null && picture.png.length > 0)
      row.sights = [...row.sights, { png: picture.png, seq } satisfies Sight].slice(-MOST_SIGHTS);
    const over = state === 'done' || state === 'failed' || state === 'refused';
    await book.note(row, { ...(over ? { steps: row.record.steps + 1 } : {}), entries: transcript.next() });
    book.tell(row, null);
    return seq;
  };

  const machine = sessionMachine.provide({
    actors: {
      openBrowser: fromPromise<void, { id: string }>(async ({ input: { id }, signal }) => {
        const row = rowOf(id);
        await browsers.acquire(id, signal);
        say(row, { waitsFor: null, doing: null });
        if (row.record.startedAt === null) await book.note(row, { startedAt: now() });
      }),
      think: fromPromise<SessionThought, { id: string; repair: string | null; stepsLeft: number }>(
        async ({ input: { id, repair, stepsLeft }, signal }) => {
          const row = rowOf(id);
          row.facts = null;
          say(row, { doing: null, waitsFor: null });
          const transcript = await transcripts.of(id);
          const thought = await mind(
            {
              ...{ entries: transcript.entries(), files: row.record.files, sights: row.sights, stepsLeft, repair },
              page: browsers.get(id)?.page() ?? row.record.page,
              model: row.record.model,
            },
            { signal, onWaiting: (waitsFor) => say(row, { waitsFor }), onWords: () => undefined },
          );
          signal.throwIfAborted();
          say(row, { waitsFor: null });
          if (thought.summary !== null) await transcript.write({ kind: 'summary', ...thought.summary });
          const { inputTokens, outputTokens } = row.record.usage;
          void book.note(row, {
            answeredBy: thought.model,
            usage: {
              inputTokens: inputTokens + thought.usage.inputTokens,
              outputTokens: outputTokens + thought.usage.outputTokens,
            },
          });
          const { words, thought: thoughts, call, problem } = thought;
          return { words, thought: thoughts, call, problem };
        },
      ),
      inspect: fromPromise<Circumstances, { id: string; call: SessionCall }>(
        async ({ input: { id, call }, signal }) => {
          const row = rowOf(id);
          row.facts = await factsNow(id, call, signal);
          const target = targetOf(call);
          return {
            element: row.facts,
            site: siteOf(browsers.get(id)?.page()?.url ?? null),
            target,
            // The browser asks by itself before it opens a site, however it comes to it; only a refusal is decided here.
            known: target === null || row.record.sites.includes(target) || !isDenied(row, target),
            rules: rulesNow(),
            grants: grantsOf(row),
          };
        },
      ),
      askConsent: fromPromise<
        { allowed: boolean; why: string | null },
        { id: string; step: SessionStep; judgement: Judgement }
      >(async ({ input: { id, step, judgement }, signal }) => {
        const row = rowOf(id);
        const secret = isSecret(judgement);
        const picture =
          judgement.answer === 'granted'
            ? null
            : await takePicture(row, `${step.seq ?? 0}-ask.png`, row.facts?.box ?? null, signal);
        signal.throwIfAborted();
        return ask(
          row,
          {
            title: titleOf(step.call, row.facts, secret),
            reason: reasonOf(judgement),
            preview: previewOf(step.call, row.facts, browsers.get(id)?.page() ?? null, step.words, secret),
            rule: judgement.rule,
            picture: picture?.url ?? null,
          },
          signal,
        );
      }),
      act: fromPromise<ActionResult, { id: string; call: SessionCall; seq: number | null }>(
        async ({ input: { id, call, seq }, signal }) => {
          const row = rowOf(id);
          const began = now();
          const name = `${seq ?? 0}-${began.toString(36)}.png`;
          let result: ActionResult;
          try {
            const browser = await browsers.acquire(id, signal);
            const asked = row.actor?.getSnapshot().context.step?.verdict === 'approved' ? row.facts : null;
            if (asked !== null) {
              const facts = await factsNow(id, call, signal);
              if (facts === null || !isSameElement(asked, facts)) throw new BrowserProblem('STALE_REF', CHANGED);
            }
            result = { done: true, text: cut(await act(row, browser, asToolCall(call), name, signal)), crashed: false };
          } catch (error) {
            signal.throwIfAborted();
            result = {
              done: false,
              text: messageOf(error),
              crashed: error instanceof BrowserProblem && (error.code === 'CRASHED' || error.code === 'NO_BROWSER'),
            };
          }
          const typed = secretOf(id, call) ? call.arguments['text'] : null;
          if (typeof typed === 'string' && typed !== '')
            result = { ...result, text: result.text.replaceAll(typed, '••••') };
          const tookMs = now() - began;
          const picture = SHOWS.has(call.tool) ? await takePicture(row, name, null, signal) : null;
          if (picture === null) pictures.delete(id);
          else pictures.set(id, { ...picture, tookMs });
          return result;
        },
      ),
      record: fromPromise<number, { id: string; note: SessionNote }>(async ({ input: { id, note } }) => {
        if (note.kind === 'step') return noteStep(id, note.step);
        const row = rowOf(id);
        const transcript = await transcripts.of(id);
        const { seq } = await transcript.write({ kind: 'question', text: note.text, answer: null, who: null });
        await book.save(row, { question: { seq, text: note.text }, entries: transcript.next() });
        return seq;
      }),
      close: fromPromise<void, { id: string; outcome: SessionOutcome }>(async ({ input: { id, outcome } }) => {
        const row = rowOf(id);
        row.gone.abort();
        const mustGo = outcome.status === 'user_stopped' || CLOSES.has(outcome.code ?? '');
        const closing = mustGo ? browsers.close(id) : Promise.resolve(browsers.rest(id, true));
        await Promise.all([closing, noteEnd(row, outcome)]);
      }),
      stopwatch: fromCallback<StopwatchCommand & EventObject, { timeoutMs: number }>(
        ({ input: { timeoutMs }, receive, sendBack }) => {
          let left = timeoutMs;
          let since = 0;
          let timer: NodeJS.Timeout | null = null;
          const hold = (): void => {
            if (timer === null) return;
            clearTimeout(timer);
            timer = null;
            left -= performance.now() - since;
          };
          receive(({ type }) => {
            if (type === 'watch.hold') return hold();
            if (timer !== null) return;
            since = performance.now();
            timer = setTimeout(() => sendBack({ type: 'time.over' }), Math.max(0, left));
          });
          return hold;
        },
      ),
    },
  });

  const isDenied = (row: SessionRow, target: string): boolean =>
    judgeVisit(target, false, rulesNow(), grantsOf(row)).answer === 'deny';

  const noteEnd = async (row: SessionRow, { status, code, message, answer }: SessionOutcome): Promise<void> => {
    const { id } = row.record;
    const transcript = await transcripts.of(id);
    const level = status === 'error' ? 'error' : 'info';
    await transcript.write({ kind: 'note', level, text: message }).catch(() => undefined);
    await book.note(row, {
      ...{ status, message, answer, errorCode: code, endedAt: now(), question: null, pausing: false },
      entries: transcript.next(),
    });
  };

  return { machine, openFor };
};

/** After these the browser is no use, or the server ends. */
const CLOSES: ReadonlySet<string> = new Set(['NO_BROWSER', 'BROWSER_CRASHED', 'INTERRUPTED']);

/** Checked once more: what a browser is told never goes beyond what the tool's schema takes. */
const asToolCall = (call: SessionCall): ToolCall => {
  const tool = call.tool as ToolName;
  return { tool, arguments: SESSION_TOOLS[tool].arguments.parse(call.arguments) } as ToolCall;
};
