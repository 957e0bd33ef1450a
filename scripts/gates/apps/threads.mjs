// Run by an application that has Millrace installed: the threads find what they begin with in the package.
import { deepEqual } from 'node:assert/strict'
import { KafkaStreams } from 'millrace'
import { config } from './threads-config.mjs'

const app = new KafkaStreams({ ...config, threads: 2 })
await app.start()
const { state, threads } = app.status()
deepEqual(
  { state, threads: threads.map(({ name }) => name) },
  {
    state: 'running',
    threads: ['thread-1', 'thread-2'],
  },
)
await app.close()
