import type { EngineView, ModelView } from '../../contracts/views.ts';
import { plural } from '../text/format.ts';
import { oneLine } from '../text/sanitize.ts';

export interface BannerFacts {
  url: string;
  routerUrl: string;
  web: boolean;
  models: readonly ModelView[];
  engine: EngineView;
  /** Nobody gets in without a key. */
  keysNeeded: boolean;
}

/** A word that a POSIX shell reads as it is written. */
const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

/** A model that can be chatted with, if there is one. */
const firstModel = (models: readonly ModelView[]): ModelView | null => {
  const usable = models.filter((model) => model.problem === null);
  const talks = (model: ModelView): boolean =>
    model.metadata === null || model.metadata.outputModalities.includes('text');
  return usable.find(talks) ?? null;
};

const example = (routerUrl: string, model: ModelView | null, keysNeeded: boolean): string => {
  const key = keysNeeded ? ` -H "authorization: Bearer $LLAMACTOR_KEY"` : '';
  if (model === null) return `curl ${routerUrl}/v1/models${key}`;
  const body = JSON.stringify({ model: model.id, messages: [{ role: 'user', content: 'Hello' }] });
  return `curl ${routerUrl}/v1/chat/completions${key} -H 'content-type: application/json' -d ${shellQuote(oneLine(body))}`;
};

const engineWords = (engine: EngineView): string =>
  engine.state === 'ready'
    ? `llama-server ${engine.version ?? 'of unknown version'}`
    : `no llama-server yet (${engine.problem ?? engine.state})`;

/** The three lines that `serve` ends its start with. */
export const banner = ({ url, routerUrl, web, models, engine, keysNeeded }: BannerFacts): string[] => {
  const broken = models.filter((model) => model.problem !== null).length;
  const found = `${models.length === 0 ? 'no models' : plural(models.length, 'model')} found${broken === 0 ? '' : `, ${broken} unusable`}`;
  const keys = keysNeeded ? ' (keys needed; `llamactor key create` makes one)' : '';
  return [
    web ? `Dashboard  ${url}${keys}` : `Sockets    ${url} (the dashboard is switched off)${keys}`,
    `API        ${routerUrl}/v1, for example: ${example(routerUrl, firstModel(models), keysNeeded)}`,
    `Models     ${found}; ${oneLine(engineWords(engine))}. Stop with Ctrl-C.`,
  ];
};
