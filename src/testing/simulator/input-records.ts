import type { SerdeEnvironment } from '../../serdes/serde.ts'
import type { Topic } from '../../topology/topic.ts'
import { BoundSerdes } from '../bound-serdes.ts'
import type { InputRecord } from './input-feeder.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { AddInput, SimulatedRecord, SimulationOptions } from './simulation-options.ts'

interface AddedRecord {
  readonly topic: Topic<unknown, unknown>
  readonly record: SimulatedRecord<unknown, unknown>
  readonly timestampMs: number
}

/** The input of a simulation, as bytes. */
export async function inputRecords(
  { input }: SimulationOptions,
  random: SeededRandom,
  environment: SerdeEnvironment,
): Promise<InputRecord[]> {
  const added: AddedRecord[] = []
  let lastMs = 0
  const add: AddInput = (topic, record) => {
    lastMs = record.timestampMs ?? lastMs + 1
    added.push({ topic: topic as Topic<unknown, unknown>, record, timestampMs: lastMs })
  }
  input(add, random)
  const serdes = new BoundSerdes(environment)
  const records: InputRecord[] = []
  for (const { topic, record, timestampMs } of added) {
    const key = { topic: topic.name, part: 'key' } as const
    const value = { topic: topic.name, part: 'value' } as const
    await serdes.prepare(topic.key, key)
    await serdes.prepare(topic.value, value)
    records.push({
      topic: topic.name,
      key: serdes.write(topic.key, record.key, key),
      value: serdes.write(topic.value, record.value, value),
      timestampMs,
      partition: record.partition,
    })
  }
  return records
}
