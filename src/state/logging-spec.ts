import type { LoggingSpec } from './store-spec.ts'

/** How a store is backed by a changelog topic; see {@link LoggingSpec}. */
export interface LoggingOptions {
  /** Whether the store has a changelog at all; without one its state is lost with its worker. @defaultValue true */
  readonly enabled?: boolean
  /**
   * Whether each update goes to the changelog. Otherwise, of the updates of a key in a commit interval, the last one does;
   * under exactly_once all of them do while keys seldom repeat in an interval. @defaultValue false
   */
  readonly everyUpdate?: boolean
  /** Topic configuration by Kafka's names, over the defaults. */
  readonly topicConfig?: Readonly<globalThis.Record<string, string>>
}

/** Fills in the defaults; `false` turns logging off. */
export function loggingSpec(options: LoggingOptions | boolean = {}): LoggingSpec {
  if (typeof options === 'boolean') return loggingSpec({ enabled: options })
  const { enabled = true, everyUpdate = false, topicConfig = {} } = options
  return { enabled, everyUpdate, topicConfig: { ...topicConfig } }
}
