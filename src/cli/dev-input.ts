import { readFileSync } from 'node:fs'
import { ConfigError, messageOf } from '../core/errors.ts'
import { TopicProducer, type TopicProducerOptions } from '../topic-producer.ts'
import type { Topic } from '../topology/topic.ts'

/** A record as a line of an input file has it. */
interface InputLine {
  readonly key?: unknown
  readonly value?: unknown
  readonly timestampMs?: number
}

/** A file of records for a topic. */
export interface DevInput {
  readonly topic: Topic<unknown, unknown>
  readonly file: string
}

/**
 * Writes the lines of a file, each a record in JSON, to its topic with the topic's own serdes.
 *
 * @throws ConfigError naming file and line where one is no record
 */
export async function writeInput(
  { topic, file }: DevInput,
  options: TopicProducerOptions,
): Promise<number> {
  const lines = readLines(file)
  await using producer = await TopicProducer.open(topic, options)
  for (const { text, number } of lines) {
    const place = `${file}:${number}`
    const { key = null, value = null, timestampMs } = parseLine(text, place)
    try {
      await producer.send({ key, value, ...(timestampMs !== undefined && { timestampMs }) })
    } catch (cause) {
      throw new ConfigError(`${place}: ${messageOf(cause)}`, { cause })
    }
  }
  await producer.flush()
  return lines.length
}

/** The lines that are not empty, numbered from 1 as an editor shows them. */
function readLines(file: string): { readonly text: string; readonly number: number }[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((text, index) => ({ text, number: index + 1 }))
      .filter(({ text }) => text.trim() !== '')
  } catch (cause) {
    throw new ConfigError(`Cannot read ${file}: ${messageOf(cause)}`, { cause })
  }
}

function parseLine(text: string, place: string): InputLine {
  try {
    const line: unknown = JSON.parse(text)
    if (typeof line === 'object' && line !== null && !Array.isArray(line)) return line
  } catch (cause) {
    throw new ConfigError(`${place} is no JSON: ${messageOf(cause)}`, { cause })
  }
  throw new ConfigError(`${place} is no record; write {"key": …, "value": …, "timestampMs": …}`)
}
