/** Which model a session is given to, and where it is asked. */
import type { ModelView } from '../../contracts/views.ts';
import { AskError } from '../agents/ask-model.ts';
import { canChat, contextOf } from '../agents/models.ts';
import { endpointModel } from './endpoint-model.ts';

export interface MindDeps {
  models(): ModelView[];
  find(ref: string): ModelView | undefined;
  nearest(ref: string): string[];
  /** Null while the router is not running. */
  routerUrl(): string | null;
  /** A key for the router. */
  key: string;
  config(): { model: string; endpoint: string; endpointKeyVariable: string };
  env: NodeJS.ProcessEnv;
  /** A picture that a person attached, as a `data:` address; null when it is none that a model sees. */
  pictureOf(fileId: string): Promise<string | null>;
}

export interface ChosenModel {
  id: string;
  url: string;
  key: string | null;
  /** Who is asked, in words. */
  server: string;
  callsTools: boolean;
  seesImages: boolean;
  /** Tokens. */
  context: number;
  isLoaded: boolean;
}

const NONE =
  'There is no model for sessions; download one that can call tools, or put a GGUF file into the models folder.';

const named = (ref: string, deps: MindDeps): ModelView => {
  const found = deps.find(ref);
  if (found === undefined) {
    const [nearest] = deps.nearest(ref);
    throw new AskError(
      'NOT_FOUND',
      `There is no model ${ref}.${nearest === undefined ? '' : ` The nearest is ${nearest}.`}`,
    );
  }
  if (!canChat(found))
    throw new AskError('UNSUPPORTED', `${found.id} cannot work in a session: it is no model that chats.`);
  return found;
};

const ofChoice = (deps: MindDeps): ModelView => {
  const able = deps.models().filter(canChat);
  const callers = able.filter(({ metadata }) => metadata?.supportsTools === true);
  const chosen = callers.find(({ state }) => state === 'loaded') ?? callers[0] ?? able[0];
  if (chosen === undefined) throw new AskError('NOT_FOUND', NONE);
  return chosen;
};

/** Throws an AskError. */
export const chooseModel = async (ref: string | null, deps: MindDeps, signal: AbortSignal): Promise<ChosenModel> => {
  const { model: configured, endpoint, endpointKeyVariable } = deps.config();
  const wanted = ref ?? (configured === '' ? null : configured);
  if (endpoint !== '') {
    const key = endpointKeyVariable === '' ? null : (deps.env[endpointKeyVariable] ?? '');
    if (key === '')
      throw new AskError(
        'INVALID_STATE',
        `The server’s environment has no ${endpointKeyVariable}, which sessions.endpointKeyVariable names; set it and start the server again.`,
      );
    return endpointModel({ url: endpoint, key, wanted, signal });
  }
  const model = wanted === null ? ofChoice(deps) : named(wanted, deps);
  const url = deps.routerUrl();
  if (url === null) throw new AskError('INVALID_STATE', 'The router is not running; start it on the dashboard.');
  return {
    id: model.id,
    url,
    key: deps.key,
    server: 'the router',
    callsTools: model.metadata?.supportsTools === true,
    seesImages: model.metadata?.inputModalities.includes('image') === true,
    context: contextOf(model),
    isLoaded: model.state === 'loaded',
  };
};
