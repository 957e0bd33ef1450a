// Run as a process of its own: opens a state folder, commits, and says so line by line, until it is killed.
import { string } from '../../../src/serdes/string.ts'
import { keyValueStore } from '../../../src/state/key-value-store-spec.ts'
import { rocksDbState, type BindingName } from '../../../src/state/rocksdb/index.ts'
import type { KeyValueStore, StoreSpec } from '../../../src/state/index.ts'

const [folder = '', binding = ''] = process.argv.slice(2)
const spec = keyValueStore({ name: 'counts', key: string(), value: string() })
const state = rocksDbState({ folder, binding: binding as BindingName })
const task = await state.openTask({
  taskId: { subTopology: 0, partition: 0 },
  specs: [spec as unknown as StoreSpec],
  clock: { recordTimestampMs: 5, streamTimeMs: 5 },
  environment: {},
  changelogTopic: (name) => `app-${name}-changelog`,
})
const counts = task.store('counts') as KeyValueStore<string, string>
for (let commits = 1; ; commits++) {
  for (let key = 0; key < 100; key++) counts.put(`key-${key}`, `value-${commits}`)
  counts.put(`only-${commits}`, 'x')
  await task.apply(task.seal(), new Map([['counts', commits]]))
  process.stdout.write(`committed ${commits}\n`)
}
