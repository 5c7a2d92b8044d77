import type { Route } from '../../contracts/ipc.ts';
import type { Fields } from '../later.ts';
import { factsOf, isUsable } from '../model-list.ts';

/** llama.cpp's word for a state; it has none for stopping, and says `failed` beside `unloaded`. */
export const statusWord = ({ state }: Route): 'unloaded' | 'loading' | 'loaded' =>
  state === 'loaded' || state === 'loading' ? state : 'unloaded';

/** The folders of this machine are nobody's business over HTTP; a file's name is all that is shown of a path. */
const withoutFolders = (value: unknown): string => String(value).replace(/^.*[/\\](?=[^/\\]+$)/, '');

/** How the engine is started, without paths, and without what the supervisor adds for itself. */
export const argsOf = (route: Route): string[] => [
  'llama-server',
  '--alias',
  route.id,
  ...Object.entries(route.parameters).flatMap(([name, value]) =>
    value === true ? [`--${name}`] : [`--${name}`, withoutFolders(value)],
  ),
  '--model',
  `${route.id}.gguf`,
];

/** The same as a section of a preset. */
const presetOf = (route: Route): string =>
  [
    `[${route.id}]`,
    ...Object.entries(route.parameters).map(([name, value]) => `${name} = ${withoutFolders(value)}`),
    '',
  ].join('\n');

const failedOf = ({ failure }: Route): Fields =>
  failure === null ? {} : { failed: true, exit_code: 1, message: failure.message };

/** One entry of llama.cpp's `GET /models`. */
export const modelItem = (route: Route): Fields => ({
  id: route.id,
  aliases: route.names.filter((name) => name !== route.id),
  tags: [],
  object: 'model',
  owned_by: 'llamactor',
  created: route.created,
  status: { value: statusWord(route), args: argsOf(route), preset: presetOf(route), ...failedOf(route) },
  source: 'models_dir',
  can_remove: true,
  context_length: route.contextLength ?? route.metadata?.contextLength ?? null,
  ...factsOf(route),
});

export const modelItems = (routes: readonly Route[]): Fields => ({
  object: 'list',
  data: routes.filter(isUsable).map(modelItem),
});
