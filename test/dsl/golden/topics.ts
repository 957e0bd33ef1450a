import { long, string } from 'millrace/serdes'
import { topic, type StreamsBuilder, type Topic } from 'millrace'

/** Declares one of the topologies that the oracle in test/oracle declares too, under the same name. */
export type Declare = (builder: StreamsBuilder) => void

/** A topic of text. */
export function text(name: string): Topic<string, string> {
  return topic(name, { key: string(), value: string() })
}

/** A topic of counts. */
export function counts(name: string): Topic<string, number> {
  return topic(name, { key: string(), value: long({ as: 'number' }) })
}
