/** The mind of sessions: a model behind this server's router, or behind another address with the same API, asked for the next step. */
import { askFitting, contextOf } from '../agents/ask-fitting.ts';
import { createToolCallCollector } from '../agents/tool-calls.ts';
import type { Density } from '../agents/ask-fitting.ts';
import { AskError, askModel } from '../agents/ask-model.ts';
import type { Answered } from '../agents/ask-model.ts';
import { waitingWords } from '../agents/waiting.ts';
import { chooseModel } from './choose-model.ts';
import type { ModelChoice } from './choose-model.ts';
import { remoteModel } from './remote-model.ts';
import type { Mind, Situation, Thought } from './mind.ts';
import { readAnswer } from './read-call.ts';
import { sessionPrompt } from './session-prompt.ts';
import type { SessionPrompt } from './session-prompt.ts';
import { MOST_SUMMARY, plainSummary, summaryMessages, summaryOf } from './summary.ts';
import type { Summary } from './summary.ts';
import type { Thinker } from './thinker.ts';
import { toolDescriptions } from './tool-descriptions.ts';

export interface MindDeps extends ModelChoice {
  /** Origin of the inference port; null while there is none. */
  routerUrl(): string | null;
  /** A key for it. */
  key: string;
  settings(): MindSettings;
  env: Readonly<Record<string, string | undefined>>;
  /** An attached picture; null for a file that is none. */
  picture(fileId: string): Promise<{ mime: string; bytes: Buffer } | null>;
  /** How long a model may say nothing at all, ms. */
  patienceMs?: number;
}

export interface MindSettings {
  model: string;
  endpoint: string;
  endpointKeyVariable: string;
}

/** Tokens of an answer. A reasoning model needs room before it calls. */
const MOST_ANSWER = 4096;
const SUMMARY_TOKENS = 512;
const PATIENCE_MS = 10 * 60_000;
const MOST_PICTURES = 2;
/** An engine without templates for tools says so in one of these ways. */
const NO_TOOLS = /--jinja|does not support tools|tools? (?:param|is|are) not supported|tool.?choice/i;

const asUrl = (mime: string, bytes: Buffer): string => `data:${mime};base64,${bytes.toString('base64')}`;
const asSentence = (text: string): string => {
  const trimmed = text.trim();
  return `${trimmed.slice(0, 1).toUpperCase()}${trimmed.slice(1)}${/[.!?]$/.test(trimmed) ? '' : '.'}`;
};

const localThinker = (named: string | null, deps: MindDeps, textOnly: ReadonlySet<string>): Thinker => {
  const { id, metadata, state } = chooseModel(named, deps);
  return {
    ...{ model: id, id, key: deps.key, whom: 'the router', isAsleep: state !== 'loaded' },
    url() {
      const url = deps.routerUrl();
      if (url !== null) return `${url}/v1/chat/completions`;
      throw new AskError('INVALID_STATE', 'the router is not running; start it on the dashboard.');
    },
    native: metadata?.supportsTools === true && !textOnly.has(id),
    sees: metadata?.inputModalities.includes('image') === true,
    context() {
      const model = deps.find(id);
      if (model === undefined) throw new AskError('NOT_FOUND', `the model ${id} is gone.`);
      return contextOf(model);
    },
  };
};

export const createMind = (deps: MindDeps): Mind => {
  const density: Density = new Map();
  /** Those that refused tools of the API. */
  const textOnly = new Set<string>();
  /** Contexts that a refusal told of. */
  const learnt = new Map<string, number>();
  const remotes = remoteModel();
  const patienceMs = deps.patienceMs ?? PATIENCE_MS;

  const thinkerFor = async (situation: Situation, signal: AbortSignal): Promise<Thinker> => {
    const { model, endpoint, endpointKeyVariable } = deps.settings();
    const named = situation.model ?? (model === '' ? null : model);
    if (endpoint === '') return localThinker(named, deps, textOnly);
    const key = endpointKeyVariable === '' ? null : (deps.env[endpointKeyVariable] ?? null);
    if (endpointKeyVariable !== '' && key === null)
      throw new AskError(
        'INVALID_STATE',
        `The variable ${endpointKeyVariable}, which sessions.endpointKeyVariable names, is not set in the environment of this server.`,
      );
    return remotes.find({ endpoint, key, named, textOnly, signal });
  };

  const picturesFor = async ({ sights, files }: Situation): Promise<string[]> => {
    const images = files.filter(({ kind }) => kind === 'image').slice(-MOST_PICTURES);
    const attached = await Promise.all(images.map(({ fileId }) => deps.picture(fileId)));
    return [
      ...attached.flatMap((image) => (image === null ? [] : [asUrl(image.mime, image.bytes)])),
      ...sights.slice(-MOST_PICTURES).map(({ png }) => asUrl('image/png', png)),
    ];
  };

  const think: Mind = async (situation, { signal, onWaiting, onWords }) => {
    signal.throwIfAborted();
    const thinker = await thinkerFor(situation, signal);
    if (thinker.isAsleep) onWaiting(`the model ${thinker.model} is being loaded`);
    const pictures = thinker.sees ? await picturesFor(situation) : [];
    const known = learnt.get(thinker.id) ?? Infinity;
    const context = (): number => Math.min(known, thinker.context());
    const usage = { inputTokens: 0, outputTokens: 0 };
    const common = {
      ...{ key: thinker.key, whom: thinker.whom, signal, patienceMs },
      onWaiting: (position: number) => onWaiting(waitingWords(position)),
    };
    const counted = (answered: Answered): Answered => {
      usage.inputTokens += answered.promptTokens ?? 0;
      usage.outputTokens += answered.outputTokens ?? 0;
      return answered;
    };

    /** What the model makes of the oldest steps, or what can be said without it. */
    const summarise = async ({ left, keptFrom }: SessionPrompt, before: Summary | null, most: number, ask: boolean) => {
      let text = '';
      if (ask) {
        try {
          const { model } = thinker;
          const body = { model, messages: summaryMessages(before, left, most), max_tokens: SUMMARY_TOKENS };
          const onPiece = (piece: string, thought: boolean): void => {
            if (!thought) text += piece;
          };
          counted(await askModel({ ...common, url: thinker.url(), body, onPiece }));
        } catch {
          signal.throwIfAborted();
          text = '';
        }
      }
      const told = text.trim().slice(0, MOST_SUMMARY);
      return { upTo: keptFrom, text: told === '' ? plainSummary(before, left) : told };
    };

    let summary: Summary | null = null;
    const promptOf = async (characters: number, attempt: number): Promise<SessionPrompt> => {
      const options = { situation, native: thinker.native, pictures, characters };
      const first = sessionPrompt({ ...options, summary });
      if (first.left.length === 0) return first;
      const before: Summary | null = summary ?? summaryOf(situation.entries);
      summary = await summarise(first, before, Math.floor(characters * 0.7), attempt === 1 && summary === null);
      return sessionPrompt({ ...options, summary });
    };

    let said = { text: '', thought: '' };
    let calls = createToolCallCollector();
    const answered = await askFitting({
      ...{ id: thinker.id, density, most: MOST_ANSWER, promptOf },
      context,
      ask(prompt) {
        said = { text: '', thought: '' };
        calls = createToolCallCollector();
        const { native, model } = thinker;
        return askModel({
          ...common,
          url: thinker.url(),
          body: {
            model,
            messages: prompt.messages,
            ...(native ? { tools: toolDescriptions, parallel_tool_calls: false } : {}),
            max_tokens: Math.min(MOST_ANSWER, Math.floor(context() / 2)),
          },
          onPiece(text, thought) {
            if (thought) said.thought += text;
            else {
              said.text += text;
              onWords(text);
            }
          },
          onCall: (piece) => calls.push([piece]),
        }).then(counted, (error: unknown) => {
          if (error instanceof AskError && error.tooLong !== null) learnt.set(thinker.id, error.tooLong.contextTokens);
          throw error;
        });
      },
    });
    const { words, call, problem } = readAnswer(said.text, calls.calls(), answered.finish === 'length');
    return {
      words,
      thought: said.thought.trim(),
      call,
      problem,
      summary,
      model: thinker.model,
      usage,
    } satisfies Thought;
  };

  return async (situation, options) => {
    const sentence = (error: unknown): unknown =>
      error instanceof AskError ? new AskError(error.code, asSentence(error.message), error.tooLong) : error;
    try {
      return await think(situation, options);
    } catch (error) {
      options.signal.throwIfAborted();
      // Asked once more without the API's tools, which from now on it never is asked with.
      const refused = error instanceof AskError && error.tooLong === null && NO_TOOLS.test(error.message);
      const thinker = refused ? await thinkerFor(situation, options.signal) : null;
      if (thinker === null || !thinker.native) throw sentence(error);
      textOnly.add(thinker.id);
    }
    try {
      return await think(situation, options);
    } catch (error) {
      throw sentence(error);
    }
  };
};
