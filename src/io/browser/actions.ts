/** What can be done in a session's browser. Each action is short, and its parts check whether it is still wanted. */
import { copyFile, mkdir } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { SessionPageView } from '../../contracts/sessions.ts';
import { BrowserProblem } from './browser.ts';
import type { BrowserOptions, Done, SessionBrowser } from './browser.ts';
import type { Deadline } from './deadline.ts';
import { safeName } from './download-names.ts';
import type { Downloads, Wanted } from './downloads.ts';
import type { Gate } from './gate.ts';
import type { Life, OpenPage } from './life.ts';
import { staleRef } from './page-reader.ts';
import type { Report } from './report.ts';
import { whyUnreachable } from './words.ts';

export interface ActionsOptions {
  act<T>(wanted: AbortSignal, run: (life: Life, deadline: Deadline) => Promise<T>, extraMs?: number): Promise<T>;
  options: BrowserOptions;
  report: Report;
  gate: Gate;
  downloads: Downloads;
  page(): SessionPageView | null;
  /** A page waits for consent. */
  isHeld(): boolean;
  ledTo(sessionId: string): string | null;
  stoppedWhy(sessionId: string): string | null;
  forget(sessionId: string): void;
}

/** What an action is given before it is looked at whether the page does something. */
const FIRST_LOOK_MS = 80;
const LOOK_MS = 40;
/** Pages that never come to rest are taken as they are after this. */
const SETTLE_MS = 4_000;
const DOWNLOAD_BEGINS_MS = 10_000;
const DOWNLOAD_STALLS_MS = 30_000;
const DOWNLOAD_MS = 10 * 60_000;

const delay = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A bare host is what people and models write. */
const addressOf = (text: string): string => {
  if (/^[\w.-]+:\d{1,5}(?:[/?#]|$)/.test(text)) return `http://${text}`;
  return /^[\w-]+(?:\.[\w-]+)+(?:[/?#]|$)/.test(text) ? `https://${text}` : text;
};

export const browserActions = (own: ActionsOptions): Omit<SessionBrowser, 'page' | 'watch' | 'close'> => {
  const { act, options, report, gate, downloads } = own;

  const driven = (life: Life): OpenPage => {
    const current = life.current();
    if (current === null) throw new BrowserProblem('NOT_POSSIBLE', 'No page is open; navigate to one.');
    return current;
  };

  /** Until the page that is driven has come to rest as far as it will. */
  const settle = async (life: Life, deadline: Deadline): Promise<void> => {
    await deadline.race(delay(FIRST_LOOK_MS));
    let since = performance.now();
    for (;;) {
      deadline.check();
      await deadline.race(life.settledPages());
      const target = life.current()?.target;
      if (target === undefined) return;
      if (own.isHeld()) since = performance.now();
      else {
        const { isQuiet, isOpening } = life.activity;
        const late = !isOpening(target.sessionId) && performance.now() - since > SETTLE_MS;
        if (late || isQuiet(target.sessionId)) return deadline.race(life.targets.refresh(target.targetId));
      }
      await deadline.race(delay(LOOK_MS));
    }
  };

  const done = (text: string): Done => {
    const page = own.page();
    const where = page === null ? 'No page is open.' : `The page is “${page.title}” at ${page.url}`;
    return { text: [text, where, ...report.take()].join('\n'), page };
  };

  const clickAt = async (life: Life, deadline: Deadline, ref: string): Promise<void> => {
    const { page } = driven(life);
    const { x, y } = await deadline.race(life.reader.point(life.reader.find(ref)));
    deadline.check();
    await deadline.race(page.mouse.click(x, y));
  };

  const open = async (life: Life, deadline: Deadline, given: string): Promise<void> => {
    const url = addressOf(given);
    const why = gate.whyNot(url);
    if (why !== null) {
      report.refused(url, why);
      throw new BrowserProblem('NOT_ALLOWED', why);
    }
    if (life.current() === null) await deadline.race(life.newPage());
    const { sessionId } = driven(life).target;
    own.forget(sessionId);
    const { errorText } = await deadline.race(
      life.devtools.send<{ errorText?: string }>('Page.navigate', { url }, sessionId),
    );
    await settle(life, deadline);
    const stopped = own.stoppedWhy(sessionId);
    if (stopped !== null) throw new BrowserProblem('NOT_ALLOWED', stopped);
    const known = report.why(own.ledTo(sessionId) ?? url);
    if (known !== null) throw new BrowserProblem(known.refused ? 'NOT_ALLOWED' : 'UNREACHABLE', known.why);
    if (errorText === undefined) return;
    if (!errorText.includes('ERR_ABORTED')) throw new BrowserProblem('UNREACHABLE', whyUnreachable(url, errorText));
    report.note('The address gave no page to show, for example because it is a download.');
  };

  const back = async (life: Life, deadline: Deadline): Promise<void> => {
    const { sessionId, targetId } = driven(life).target;
    const { currentIndex, entries } = await deadline.race(
      life.devtools.send<{ currentIndex: number; entries: { id: number; url: string }[] }>(
        'Page.getNavigationHistory',
        {},
        sessionId,
      ),
    );
    const before = entries[currentIndex - 1];
    if (before !== undefined && before.url !== 'about:blank')
      await deadline.race(life.devtools.send('Page.navigateToHistoryEntry', { entryId: before.id }, sessionId));
    else if (life.targets.pages().length > 1)
      // A window that another page opened: behind it is that page.
      await deadline.race(life.devtools.send('Target.closeTarget', { targetId }));
    else throw new BrowserProblem('NOT_POSSIBLE', 'There is no page before this one.');
    await settle(life, deadline);
  };

  const press = async (life: Life, deadline: Deadline, key: string): Promise<void> => {
    try {
      await deadline.race(driven(life).page.keyboard.press(key));
    } catch (error) {
      if (error instanceof Error && /Unknown key|Unknown keyboard/i.test(error.message))
        throw new BrowserProblem(
          'NOT_POSSIBLE',
          `There is no key ${key}; keys are called like Enter, Escape or ArrowDown.`,
        );
      throw error;
    }
  };

  /** The script's own words for what cannot be done. */
  const refuse = (ref: string, answer: { stale?: boolean; problem?: string }): void => {
    if (answer.stale === true) throw staleRef(ref);
    if (answer.problem !== undefined) throw new BrowserProblem('NOT_POSSIBLE', `${ref}: ${answer.problem}.`);
  };

  const finishDownload = async (wanted: Wanted, deadline: Deadline): Promise<Done> => {
    // As long as bytes come it may take its time.
    deadline.pause();
    try {
      const since = performance.now();
      for (;;) {
        const outcome = await deadline.race(Promise.race([wanted.outcome, delay(1_000).then(() => null)]));
        if (outcome?.kind === 'kept') return done(`Downloaded ${outcome.file.name}.`);
        if (outcome?.kind === 'refused') throw new BrowserProblem('NOT_ALLOWED', outcome.why);
        const now = performance.now();
        if (now - wanted.moved() > DOWNLOAD_STALLS_MS || now - since > DOWNLOAD_MS)
          throw new BrowserProblem('TIMEOUT', 'The download did not come to an end.');
      }
    } finally {
      deadline.resume();
    }
  };

  return {
    read: (from, most, signal) =>
      act(signal, async (life, deadline) => {
        const { sessionId } = driven(life).target;
        const { text, more } = await deadline.race(life.reader.read(sessionId, from + most));
        const part = text.slice(from, from + most);
        const rest = more || text.length > from + most;
        const page = own.page();
        const head = page === null ? [] : [`“${page.title}” at ${page.url}`];
        const tail = rest ? [`(The page goes on: read it from ${from + part.length}.)`] : [];
        const empty = part === '' ? [from > 0 ? '(Nothing is there any more.)' : '(The page shows no text.)'] : [part];
        return { text: [...head, ...empty, ...tail, ...report.take()].join('\n'), page };
      }),
    facts: (ref, signal) =>
      act(signal, async (life, deadline) => {
        driven(life);
        return deadline.race(life.reader.facts(life.reader.find(ref), ref));
      }),
    navigate: (url, signal) =>
      act(signal, async (life, deadline) => {
        await open(life, deadline, url);
        return done('Opened.');
      }),
    click: (ref, signal) =>
      act(signal, async (life, deadline) => {
        await clickAt(life, deadline, ref);
        await settle(life, deadline);
        return done('Clicked.');
      }),
    type: (ref, text, submit, signal) =>
      act(signal, async (life, deadline) => {
        const { page } = driven(life);
        const { frame, number } = life.reader.find(ref);
        const answer = await deadline.race(
          life.reader.call<{ stale?: boolean; problem?: string; done?: boolean }>(frame, 'prepare', number, text),
        );
        refuse(ref, answer);
        if (answer.done !== true) {
          await deadline.race(text === '' ? page.keyboard.press('Delete') : page.keyboard.insertText(text));
        }
        deadline.check();
        if (submit) await press(life, deadline, 'Enter');
        await settle(life, deadline);
        return done(submit ? 'Typed, and pressed Enter.' : 'Typed.');
      }),
    press: (key, signal) =>
      act(signal, async (life, deadline) => {
        await press(life, deadline, key);
        await settle(life, deadline);
        return done(`Pressed ${key}.`);
      }),
    scroll: (direction, signal) =>
      act(signal, async (life, deadline) => {
        const { sessionId, targetId } = driven(life).target;
        const at = await deadline.race(
          life.reader.call<{ moved: boolean; top: number; height: number; shown: number }>(
            { sessionId, frameId: targetId },
            'scroll',
            direction,
          ),
        );
        await settle(life, deadline);
        const end = at.top + at.shown >= at.height - 2 ? ' This is the end of the page.' : '';
        return done(
          at.moved ? `Scrolled to ${at.top} of ${at.height} pixels.${end}` : `It cannot scroll further.${end}`,
        );
      }),
    select: (ref, values, signal) =>
      act(signal, async (life, deadline) => {
        driven(life);
        const { frame, number } = life.reader.find(ref);
        const answer = await deadline.race(
          life.reader.call<{ stale?: boolean; problem?: string; chosen?: string[] }>(frame, 'select', number, values),
        );
        refuse(ref, answer);
        await settle(life, deadline);
        return done(`Chosen: ${(answer.chosen ?? []).join(', ')}.`);
      }),
    back: (signal) =>
      act(signal, async (life, deadline) => {
        await back(life, deadline);
        return done('Went back.');
      }),
    wait: ({ text, seconds }, signal) =>
      act(
        signal,
        async (life, deadline) => {
          const until = performance.now() + seconds * 1000;
          for (;;) {
            const left = until - performance.now();
            if (text !== undefined && (await deadline.race(life.reader.hasText(driven(life).target.sessionId, text))))
              return done(`“${text}” is there.`);
            if (left <= 0) break;
            await deadline.race(delay(Math.min(left, text === undefined ? left : 250)));
          }
          return done(text === undefined ? `Waited ${seconds} s.` : `“${text}” did not appear within ${seconds} s.`);
        },
        seconds * 1000,
      ),
    download: (ref, signal) =>
      act(signal, async (life, deadline) => {
        const found = life.reader.find(ref);
        const wanted = downloads.want();
        let offered = false;
        try {
          offered = await deadline.race(life.reader.call<boolean>(found.frame, 'offer', found.number));
          await clickAt(life, deadline, ref);
          const started = performance.now();
          const began = wanted.began.then(() => true);
          while (!(await deadline.race(Promise.race([began, delay(100).then(() => false)])))) {
            const { sessionId } = driven(life).target;
            const stopped = own.stoppedWhy(sessionId);
            if (stopped !== null) throw new BrowserProblem('NOT_ALLOWED', stopped);
            const waits = own.isHeld() || life.activity.isOpening(sessionId);
            if (!waits && performance.now() - started > DOWNLOAD_BEGINS_MS)
              throw new BrowserProblem('NOT_POSSIBLE', `${ref} did not start a download.`);
          }
          return await finishDownload(wanted, deadline);
        } finally {
          // Whatever has not come to its end by now is not waited for.
          wanted.cancel();
          if (offered) void life.reader.call(found.frame, 'withdraw', found.number).catch(() => undefined);
        }
      }),
    upload: (ref, file, signal) =>
      act(signal, async (life, deadline) => {
        driven(life);
        const found = life.reader.find(ref);
        const { inputType } = await deadline.race(life.reader.facts(found, ref));
        if (inputType !== 'file') throw new BrowserProblem('NOT_POSSIBLE', `${ref} is no field for files.`);
        // The page sees the name of the file, which on disk is one of ours.
        const folder = path.join(options.profile, 'uploads', randomUUID());
        const named = path.join(folder, safeName(file.name));
        await deadline.race(mkdir(folder, { recursive: true, mode: 0o700 }));
        await deadline.race(copyFile(file.path, named));
        const objectId = await deadline.race(life.reader.objectId(found));
        deadline.check();
        await deadline.race(
          life.devtools.send('DOM.setFileInputFiles', { files: [named], objectId }, found.frame.sessionId),
        );
        await settle(life, deadline);
        return done(`Gave ${path.basename(named)} to ${ref}.`);
      }),
    screenshot: ({ mark }, signal) =>
      act(signal, async (life, deadline) => {
        const { sessionId, targetId } = driven(life).target;
        const main = { sessionId, frameId: targetId };
        const draw = (box: typeof mark): Promise<unknown> =>
          mark == null ? Promise.resolve() : life.reader.call(main, 'mark', box);
        await deadline.race(draw(mark));
        const taken = life.devtools.send<{ data: string }>('Page.captureScreenshot', { format: 'png' }, sessionId);
        // Taken away as soon as the picture is there, also when nobody waits for that any more.
        const cleaned = taken.finally(() => draw(null).catch(() => undefined));
        const { data } = await deadline.race(cleaned);
        return { png: Buffer.from(data, 'base64'), ...options.viewport };
      }),
    input: (input, signal) =>
      act(signal, async (life, deadline) => {
        if (input.kind === 'navigate') return open(life, deadline, input.url);
        if (input.kind === 'back') return back(life, deadline);
        const { page } = driven(life);
        switch (input.kind) {
          case 'click': {
            const wanted = downloads.want();
            setTimeout(() => wanted.expire(), DOWNLOAD_BEGINS_MS).unref();
            return deadline.race(page.mouse.click(input.x, input.y));
          }
          case 'type':
            return deadline.race(page.keyboard.insertText(input.text));
          case 'press':
            return press(life, deadline, input.key);
          case 'scroll':
            await deadline.race(page.mouse.move(input.x, input.y));
            return deadline.race(page.mouse.wheel(input.dx, input.dy));
        }
      }),
  };
};
