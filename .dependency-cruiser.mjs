/** Which way the arrows point (README, "Layers"). A new folder of src/ belongs to a layer before it belongs to the tree. */

/** Builds a rule: files of `from` may import nothing of this repository or npm besides `allowed`. */
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: allowed },
});

const not = (name, from, to, comment) => ({
  name,
  comment,
  severity: 'error',
  from: typeof from === 'string' ? { path: from } : from,
  to: { path: to },
});

const npm = (name) => `node_modules/${name}/`;

export default {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'Two files that need each other are one idea.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that cannot be resolved is checked against no rule.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
    only(
      'contracts-import-zod-only',
      '^src/contracts/',
      ['^src/contracts/', npm('zod')],
      'Contracts are what every layer shares.',
    ),
    only(
      'machines-import-xstate-only',
      '^machines/',
      ['^machines/', npm('xstate')],
      'Machines decide; they do not act.',
    ),
    only(
      'router-imports-contracts-only',
      '^src/router/',
      ['^src/(router|contracts)/', '^node_modules/', '^(node:)?[a-z_/]+$'],
      'The data plane is a process of its own.',
    ),
    not(
      'router-has-no-actors',
      '^src/router/',
      npm('(xstate|hono|@hono|socket.io|lowdb)'),
      'The data plane is bare node:http.',
    ),
    only(
      'mcp-imports-contracts-only',
      '^src/mcp/',
      ['^src/(mcp|contracts)/', npm('(@modelcontextprotocol/sdk|zod)')],
      'An assistant’s tools are commands; they run here and in a process far from the server.',
    ),
    {
      name: 'web-imports-contracts-only',
      comment: 'The dashboard knows the server by its contracts.',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(src|machines|test|scripts)/', pathNot: '^src/contracts/' },
    },
    not(
      'io-knows-no-transport',
      '^src/io/',
      '^src/(sockets|http|projections|commands|runtime|cli)/',
      'IO reports facts to whoever asked.',
    ),
    not(
      'commands-know-no-transport',
      '^src/commands/',
      npm('(socket\\.io|socket\\.io-client|hono|@hono/node-server)'),
      'One registry, every transport.',
    ),
    not(
      'commands-know-no-layer-above',
      '^src/commands/',
      '^src/(sockets|http|cli)/',
      'Transports call commands, never the other way.',
    ),
    not(
      'projections-are-pure',
      '^src/projections/',
      '^src/(io|sockets|http|commands|runtime|cli)/',
      'A view is computed from a snapshot.',
    ),
    not(
      'runtime-knows-no-layer-above',
      '^src/runtime/',
      '^src/(sockets|http|cli|commands/(?!services\\.ts$))',
      'Layers above the runtime call it; src/commands/services.ts is the interface it implements for them.',
    ),
    not(
      'client-knows-no-server',
      '^src/client/',
      '^(src/(?!client/|contracts/)|machines/)',
      'The client library runs without a server.',
    ),
    not(
      'nobody-imports-main',
      { pathNot: '^(src/main|src/router/main)\\.ts$' },
      '^src/(main|router/main)\\.ts$',
      'main is where a process begins.',
    ),
    not(
      'nobody-imports-cli',
      { path: '^(src|machines|web)/', pathNot: '^src/(cli/|main\\.ts$)' },
      '^src/cli/',
      'Nothing may depend on the terminal.',
    ),
    not(
      'product-imports-no-tests',
      '^(src|machines|web)/',
      '^(test|scripts)/',
      'What ships does not need its tests or tools.',
    ),
    {
      name: 'product-imports-no-dev-dependency',
      comment: 'A package that only developers have is missing after an installation.',
      severity: 'error',
      from: { path: '^(src|machines)/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only', 'npm'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: ['^dist/', '^\\.cache/', '^test/checks/fixtures/'] },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.d.ts'],
    },
  },
};
