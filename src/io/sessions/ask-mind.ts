/** Asks a model that calls tools for the next step of a session, through the router or another endpoint. */
import { AskError, askModel } from '../agents/ask-model.ts';
import type { Answered } from '../agents/ask-model.ts';
import { chooseModel } from './choose-model.ts';
import type { ChosenModel, MindDeps } from './choose-model.ts';
import { digest, summaryRequest } from './condense.ts';
import { fitPrompt } from './fit-prompt.ts';
import { summaryOf } from './mind-prompt.ts';
import type { Pictures, PromptMessage, Summary } from './mind-prompt.ts';
import type { Mind, Situation, Thought } from './mind.ts';
import { readCall } from './read-call.ts';
import { saidSoFar } from './text-calls.ts';
import { TOOL_OFFERS } from './tool-offers.ts';

export type { MindDeps } from './choose-model.ts';

const CHARACTERS_PER_TOKEN = 3;
/** Tokens of an answer; thinking counts. */
const MOST_ANSWER = 4096;
const SUMMARY_TOKENS = 400;
/** How often a prompt is made shorter before it is given up. */
const ATTEMPTS = 6;
const LEAST_CONTEXT = 4096;
const OFFERS_LENGTH = JSON.stringify(TOOL_OFFERS).length;

interface Heard extends Answered {
  text: string;
  thought: string;
}

type Options = Parameters<Mind>[1];

const ordinal = (position: number): string => `place ${position} in the line`;

const ask = async (
  { id, url, key, server }: ChosenModel,
  body: Record<string, unknown>,
  { signal, onWaiting }: Pick<Options, 'signal' | 'onWaiting'>,
  onText: (text: string) => void,
): Promise<Heard> => {
  let [text, thought] = ['', ''];
  const answered = await askModel({
    ...{ url, key, server, signal },
    body: { model: id, ...body },
    onWaiting: (position) => onWaiting(`${id} is busy: ${ordinal(position)}`),
    onPiece(piece, isThought) {
      if (isThought) thought += piece;
      else {
        text += piece;
        onText(text);
      }
    },
  });
  return { ...answered, text, thought };
};

/** An engine that was started without tools, or whose model's template has none, says so in words of its own. */
const refusesTools = (error: AskError): boolean =>
  error.tooLong === null && /\btools?\b|\bjinja\b/i.test(error.message) && !/\btool_call_id\b/.test(error.message);

const picturesOf = async ({ entries }: Situation, deps: MindDeps): Promise<Pictures> => {
  const pictures = new Map<string, string>();
  const last = entries.findLast(({ kind }) => kind === 'instruction');
  if (last?.kind !== 'instruction') return pictures;
  for (const { fileId, kind } of last.files) {
    const url = kind === 'image' ? await deps.pictureOf(fileId) : null;
    if (url !== null) pictures.set(fileId, url);
  }
  return pictures;
};

const asSentence = (message: string): string => {
  const text = message.trim();
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return `${ended.slice(0, 1).toUpperCase()}${ended.slice(1)}`;
};

export const createMind = (deps: MindDeps): Mind => {
  /** Characters of a token, by model, as far as answers have shown. */
  const density = new Map<string, number>();
  /** Models that were found to know no tools. */
  const wordsOnly = new Set<string>();
  /** Contexts of endpoints, which only a refusal may tell. */
  const contexts = new Map<string, number>();

  /** A summary by the model, else one without it: a session never ends because it could not be summed up. */
  const condense = async (
    situation: Situation,
    before: Summary | null,
    { upTo, most }: { upTo: number; most: number },
    model: ChosenModel,
    characters: number,
    options: Options,
    spent: Thought['usage'],
  ): Promise<Summary> => {
    const old = situation.entries.filter(({ seq }) => seq >= (before?.upTo ?? 0) && seq < upTo);
    options.onWaiting('what was done so far is being summed up');
    try {
      const messages = summaryRequest(old, before, Math.floor(characters * 0.7));
      const heard = await ask(model, { messages, max_tokens: SUMMARY_TOKENS }, options, () => undefined);
      spent.inputTokens += heard.promptTokens ?? 0;
      spent.outputTokens += heard.answerTokens ?? 0;
      const text = heard.text.trim();
      if (text !== '') return { upTo, text: text.slice(0, most) };
    } catch (error) {
      options.signal.throwIfAborted();
      if (!(error instanceof AskError)) throw error;
    }
    return { upTo, text: digest(old, before, most) };
  };

  const think = async (situation: Situation, options: Options): Promise<Thought> => {
    const { signal, onWaiting, onWords } = options;
    signal.throwIfAborted();
    const usage = { inputTokens: 0, outputTokens: 0 };
    let summary = summaryOf(situation.entries);
    let isNew = false;
    let shrink = 1;
    let told = 0;
    const onText = (text: string): void => {
      const said = saidSoFar(text);
      if (said.length <= told) return;
      onWords(said.slice(told));
      told = said.length;
    };
    for (let attempt = 1; ;) {
      // Looked at anew each time: a model that has loaded meanwhile knows its context.
      const chosen = await chooseModel(situation.model, deps, signal);
      const kind = `${chosen.url} ${chosen.id}`;
      const model = { ...chosen, context: Math.min(chosen.context, contexts.get(kind) ?? Infinity) };
      const pictures = model.seesImages ? await picturesOf(situation, deps) : new Map<string, string>();
      const native = model.callsTools && !wordsOnly.has(kind);
      const reserve = Math.min(MOST_ANSWER, Math.floor(model.context / 3));
      const perToken = density.get(kind) ?? CHARACTERS_PER_TOKEN;
      const offers = native ? OFFERS_LENGTH : 0;
      const whole = (model.context - reserve) * perToken * shrink;
      const characters = Math.floor(whole - offers);
      const { seesImages } = model;
      const fitted = fitPrompt({ situation, summary, native, seesImages, pictures, characters });
      if (fitted.kind === 'condense') {
        summary = await condense(situation, summary, fitted, model, characters, options, usage);
        isNew = true;
        continue;
      }
      if (fitted.kind === 'too-small')
        throw new AskError(
          'INVALID_STATE',
          `The context of ${model.id}, ${model.context} tokens, is too small for this session; give it a larger one, at least ${LEAST_CONTEXT}.`,
        );
      if (!model.isLoaded) onWaiting(`${model.id} is being loaded`);
      const body = { messages: fitted.messages, max_tokens: reserve, ...(native ? { tools: TOOL_OFFERS } : {}) };
      const length = fitted.length + offers;
      try {
        const heard = await ask(model, body, options, onText);
        usage.inputTokens += heard.promptTokens ?? 0;
        usage.outputTokens += heard.answerTokens ?? 0;
        // A tenth on the safe side: the next page may be denser. Images have no characters.
        if (heard.promptTokens !== null && heard.promptTokens > 0 && !hasImages(fitted.messages))
          density.set(kind, Math.min(6, Math.max(0.5, (length / heard.promptTokens) * 0.9)));
        const { words, call, problem } = readCall({ text: heard.text, calls: heard.toolCalls, cutOff: heard.cutOff });
        return {
          ...{ words, call, problem, usage },
          thought: heard.thought.trim(),
          summary: isNew ? summary : null,
          model: model.id,
        };
      } catch (error) {
        if (!(error instanceof AskError)) throw error;
        if (native && refusesTools(error)) {
          wordsOnly.add(kind);
          continue;
        }
        if (error.tooLong === null || attempt === ATTEMPTS) throw error;
        attempt += 1;
        if (model.url !== deps.routerUrl() && error.tooLong.contextTokens < model.context) {
          contexts.set(kind, error.tooLong.contextTokens);
          continue;
        }
        const { promptTokens, contextTokens } = error.tooLong;
        const room = contextTokens - Math.min(MOST_ANSWER, Math.floor(contextTokens / 3));
        // Never longer than before, whatever it counted.
        shrink *= Math.min(0.9, (length * (room / promptTokens) * 0.95) / whole);
      }
    }
  };

  return async (situation, options) => {
    try {
      return await think(situation, options);
    } catch (error) {
      if (!(error instanceof AskError)) throw error;
      throw new AskError(error.code, asSentence(error.message), error.tooLong);
    }
  };
};

const hasImages = (messages: readonly PromptMessage[]): boolean =>
  messages.some(({ content }) => typeof content !== 'string' && content.some(({ type }) => type === 'image_url'));
