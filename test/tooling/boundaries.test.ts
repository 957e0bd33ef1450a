import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync, copyFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, it } from 'vitest'

// The rules say nothing when they are right and nothing when they are broken; so here they meet what they forbid.

const planted: Readonly<Record<string, string>> = {
  'src/core/record.ts': "import '../state/store.ts'",
  'src/state/store.ts': 'export type Store = 1',
  'src/topology/plan.ts':
    "import type { Batch } from '../state/rocksdb/batch.ts'\nexport type P = Batch",
  'src/state/rocksdb/batch.ts': "import 'rocksdb'\nexport type Batch = 1",
  'src/runtime/worker.ts': "import '../dsl/k-stream.ts'\nimport '../broker/port.ts'",
  'src/runtime/client.ts': "import '../broker/embedded/broker.ts'",
  'src/dsl/k-stream.ts': "import 'kafkajs'",
  'src/broker/port.ts': 'export type Port = 1',
  'src/broker/embedded/broker.ts': "import '../port.ts'",
  'src/query/a.ts': "import type { B } from './b.ts'\nexport type A = B",
  'src/query/b.ts': "import type { A } from './a.ts'\nexport type B = A",
  'src/testing/index.ts': "import './driver.ts'",
  'src/testing/driver.ts': "import '../state/rocksdb/batch.ts'",
  'src/cli/main.ts': "import 'left-pad'\nimport '../runtime/worker.ts'",
  'src/serdes/alone.ts': 'export {}',
  'examples/one/main.ts': "import '../../src/dsl/k-stream.ts'",
}

let violations: string[] = []
const project = mkdtempSync(join(tmpdir(), 'millrace-rooms-'))

beforeAll(() => {
  for (const [path, code] of Object.entries(planted)) {
    mkdirSync(join(project, dirname(path)), { recursive: true })
    writeFileSync(join(project, path), `${code}\n`)
  }
  for (const file of ['.dependency-cruiser.mjs', 'tsconfig.json', 'package.json']) {
    copyFileSync(file, join(project, file))
  }
  symlinkSync(resolve('node_modules'), join(project, 'node_modules'))
  violations = cruise()
}, 60_000)

afterAll(() => rmSync(project, { recursive: true, force: true }))

it.each([
  'room-core: src/core/record.ts → src/state/store.ts',
  'room-topology: src/topology/plan.ts → src/state/rocksdb/batch.ts',
  'adapter-state-rocksdb: src/topology/plan.ts → src/state/rocksdb/batch.ts',
  'room-runtime: src/runtime/worker.ts → src/dsl/k-stream.ts',
  'adapter-broker-embedded: src/runtime/client.ts → src/broker/embedded/broker.ts',
  'library-kafkajs: src/dsl/k-stream.ts → ',
  'no-circular: src/query/a.ts → src/query/b.ts',
  'testing-without-adapters: src/testing/driver.ts → src/state/rocksdb/batch.ts',
  'room-cli: src/cli/main.ts → src/runtime/worker.ts',
  'not-to-unresolvable: src/cli/main.ts → left-pad',
  'no-orphans: src/serdes/alone.ts → src/serdes/alone.ts',
  'examples-as-users: examples/one/main.ts → src/dsl/k-stream.ts',
])('finds %s', (violation) => {
  expect(violations.filter((found) => found.startsWith(violation))).not.toEqual([])
})

it.each([
  'src/runtime/worker.ts → src/broker/port.ts',
  'src/state/rocksdb/batch.ts → node_modules',
])('allows %s', (edge) => {
  expect(violations.filter((violation) => violation.includes(edge))).toEqual([])
})

function cruise(): string[] {
  const tool = resolve('node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
  const args = ['--config', '.dependency-cruiser.mjs', '--output-type', 'json', 'src', 'examples']
  const result = spawnSync(process.execPath, [tool, ...args], { cwd: project, encoding: 'utf8' })
  if (!result.stdout.startsWith('{')) throw new Error(result.stdout + result.stderr)
  const { summary } = JSON.parse(result.stdout) as {
    summary: { violations: { rule: { name: string }; from: string; to: string }[] }
  }
  return summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`)
}
