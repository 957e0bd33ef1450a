import type { StoreSpec } from '../state/store-spec.ts'
import type { InternalTopic } from './topology-plan.ts'

/** How much longer than its store a changelog keeps records, for clocks that drift: one day, as in Java. */
const additionalRetentionMs = 24 * 60 * 60 * 1000

/**
 * The repartition topic of that logical name. Its records are deleted by the runtime once they are processed, so it
 * must never lose them by age.
 *
 * @remarks Source: Java's `RepartitionTopicConfig`.
 */
export function repartitionTopic(name: string, partitions: number | undefined): InternalTopic {
  return {
    name,
    kind: 'repartition',
    partitions,
    config: {
      'message.timestamp.type': 'CreateTime',
      'cleanup.policy': 'delete',
      'segment.bytes': '52428800',
      'retention.ms': '-1',
    },
  }
}

/** The logical name of a store's changelog topic. */
export function changelogName(storeName: string): string {
  return `${storeName}-changelog`
}

/**
 * The changelog topic of a store; the store's own topic configuration goes over the defaults.
 *
 * @remarks Source: Java's `UnwindowedUnversionedChangelogTopicConfig`, `WindowedChangelogTopicConfig` and
 * `VersionedChangelogTopicConfig`.
 */
export function changelogTopic(spec: StoreSpec): InternalTopic {
  const defaults: globalThis.Record<string, string> = {
    'message.timestamp.type': 'CreateTime',
    'cleanup.policy': 'compact',
  }
  switch (spec.kind) {
    case 'key-value':
      break
    case 'window':
    case 'session':
      defaults['cleanup.policy'] = 'compact,delete'
      defaults['retention.ms'] = changelogRetention(spec.retentionMs)
      break
    case 'versioned':
      // Compaction keeps the last version of a key: it must leave the history alone.
      defaults['min.compaction.lag.ms'] = String(spec.historyRetentionMs + additionalRetentionMs)
  }
  return {
    name: changelogName(spec.storeName),
    kind: 'changelog',
    partitions: undefined,
    config: { ...defaults, ...spec.logging.topicConfig },
  }
}

/** For ever, where the store keeps its windows for ever: as Kafka has it, which takes 64 bits. */
function changelogRetention(retentionMs: number): string {
  const keptMs = retentionMs + additionalRetentionMs
  return Number.isSafeInteger(keptMs) ? String(keptMs) : '9223372036854775807'
}
