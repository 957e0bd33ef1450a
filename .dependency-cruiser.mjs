// The rooms of docs/architecture.md as rules: what is not allowed here is a violation.
//
// A room is a folder of src/. `may` lists what it may import beside itself: another room, or a pattern for a part of
// one. `libraries` lists the packages that only this folder may import.

const contracts = {
  stateContracts: '^src/state/[^/]+[.]ts$',
  brokerPort: '^src/broker/port[.]ts$',
  topologyPlan: '^src/topology/topology-plan[.]ts$',
  sensors: '^src/metrics/(sensors|names)[.]ts$',
  workerMetadata: '^src/runtime/(worker-status|[a-z-]*metadata)[.]ts$',
}

const entries = ['^src/index[.]ts$', '^src/.+/index[.]ts$']

const room = (name) => `^src/${name}/`

const rooms = [
  { folder: 'core', may: [] },
  { folder: 'serdes', may: [room('core')] },
  { folder: 'metrics', may: [room('core')] },
  { folder: 'broker', may: [room('core')] },
  { folder: 'state', may: [room('core'), room('serdes')] },
  { folder: 'topology', may: [room('core'), room('serdes'), contracts.stateContracts] },
  { folder: 'dsl', may: [room('core'), room('serdes'), room('state'), room('topology')] },
  {
    folder: 'runtime',
    may: [
      room('core'),
      room('serdes'),
      room('state'),
      room('topology'),
      contracts.brokerPort,
      contracts.sensors,
    ],
  },
  {
    folder: 'dead-letters',
    may: [
      room('core'),
      contracts.brokerPort,
      '^src/runtime/(dead-letter-headers|redriven-from)[.]ts$',
    ],
  },
  {
    folder: 'query',
    may: [
      room('core'),
      room('serdes'),
      room('state'),
      contracts.topologyPlan,
      contracts.workerMetadata,
    ],
  },
  {
    folder: 'threads',
    may: [
      room('core'),
      room('serdes'),
      contracts.stateContracts,
      contracts.topologyPlan,
      contracts.workerMetadata,
      '^src/runtime/worker-lifecycle[.]ts$',
    ],
  },
  {
    folder: 'testing',
    may: [
      'core',
      'serdes',
      'metrics',
      'broker',
      'state',
      'topology',
      'dsl',
      'runtime',
      'query',
    ].map(room),
  },
  {
    folder: 'cli',
    // What users have, the composition, and the rooms of what the commands themselves read, write and show.
    may: [
      ...entries,
      '^src/[a-z-]+[.]ts$',
      ...['core', 'serdes', 'topology', 'broker', 'query'].map(room),
    ],
  },
]

// Adapters to the outside. Only the composition joins them to the rest, so nothing else loads their libraries.
const adapters = [
  'src/broker/kafkajs/',
  'src/broker/embedded/',
  'src/state/rocksdb/',
  'src/serdes/avro/',
  'src/metrics/prometheus[.]ts$',
]
const composition = ['^src/[a-z-]+[.]ts$', '^src/.+/index[.]ts$']

const libraries = [
  { packages: ['avsc', '@kafkajs/confluent-schema-registry'], only: '^src/serdes/avro/' },
  { packages: ['prom-client'], only: '^src/metrics/' },
  {
    packages: ['kafkajs', 'snappy', 'lz4-napi', '@hpcc-js/wasm-zstd'],
    only: '^src/broker/kafkajs/',
  },
  { packages: ['rocksdb', 'rocksdb-native'], only: '^src/state/rocksdb/' },
  { packages: ['fastify'], only: '^src/query/' },
  { packages: ['commander'], only: '^src/cli/' },
  { packages: ['tsx'], only: '^src/load-module[.]ts$' },
  { packages: ['zod'], only: '^src/[a-z-]+[.]ts$' },
]

const npmTypes = ['npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg', 'npm-unknown']

const roomRules = rooms.map(({ folder, may }) => ({
  name: `room-${folder}`,
  severity: 'error',
  comment: `src/${folder} imports a room that the table in docs/architecture.md does not give it.`,
  from: { path: room(folder) },
  to: { path: '^(src|test|examples|benchmarks|scripts)/', pathNot: [room(folder), ...may] },
}))

const adapterRules = adapters.map((adapter) => ({
  name: `adapter-${adapter.replace(/^src.|[^a-z]+$|[[\]$.]/g, '').replaceAll('/', '-')}`,
  severity: 'error',
  comment: 'Adapters are joined to the rest in the composition only.',
  from: {
    path: '^src/',
    pathNot: [`^${adapter}`, ...composition, '^src/cli/', '^src/testing/'],
  },
  to: { path: `^${adapter}` },
}))

const libraryRules = libraries.map(({ packages, only }) => ({
  name: `library-${packages[0].replaceAll(/[^a-z-]/g, '')}`,
  severity: 'error',
  comment: `${packages.join(' and ')} may be imported in one folder only, so that it can be replaced.`,
  from: { path: '^src/', pathNot: [only] },
  to: { path: `node_modules/(${packages.join('|')})(/|$)` },
}))

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...roomRules,
    ...adapterRules,
    ...libraryRules,
    {
      name: 'known-libraries',
      severity: 'error',
      comment: 'A library belongs to one room; give a new one its row in .dependency-cruiser.mjs.',
      from: { path: '^src/' },
      to: {
        dependencyTypes: npmTypes,
        pathNot: `node_modules/(${libraries.flatMap(({ packages }) => packages).join('|')})(/|$)`,
      },
    },
    {
      name: 'testing-without-adapters',
      severity: 'error',
      comment: 'Importing millrace/testing must load neither rocksdb nor kafkajs.',
      from: { path: '^src/testing/' },
      to: { path: ['^src/broker/kafkajs/', '^src/state/rocksdb/'], reachable: true },
    },
    {
      name: 'examples-as-users',
      severity: 'error',
      comment: 'Examples import the package by its entries, as its users do.',
      from: { path: '^examples/' },
      to: { path: '^src/', pathNot: entries },
    },
    {
      name: 'source-alone',
      severity: 'error',
      comment: 'The package does not import what is not in it.',
      from: { path: '^src/' },
      to: { path: '^(test|examples|benchmarks|scripts)/' },
    },
    {
      name: 'no-circular',
      severity: 'error',
      comment: 'Only the types of the nouns of the DSL name each other.',
      from: { pathNot: '^src/dsl/(k-stream|k-grouped-stream|k-cogrouped-stream|k-table)[.]ts$' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A module that nobody imports and that imports nothing is left over.',
      from: { orphan: true, path: '^src/', pathNot: '/index[.]ts$' },
      to: {},
    },
    {
      name: 'not-to-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(rocksdb-native)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '/generated/' },
    // Imports of types count: a room that knows another's types depends on it.
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
}
