import type { StoreSpec } from '../state/store-spec.ts'
import type { InternalTopic } from './topology-plan.ts'

/** How much longer than its store a window changelog keeps records, for clocks that drift: one day, as in Java. */
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
 * @remarks Source: Java's `UnwindowedUnversionedChangelogTopicConfig` and `WindowedChangelogTopicConfig`.
 */
export function changelogTopic(spec: StoreSpec): InternalTopic {
  const defaults: globalThis.Record<string, string> = {
    'message.timestamp.type': 'CreateTime',
    'cleanup.policy': 'compact',
  }
  if (spec.kind === 'window') {
    defaults['cleanup.policy'] = 'compact,delete'
    defaults['retention.ms'] = String(spec.retentionMs + additionalRetentionMs)
  }
  return {
    name: changelogName(spec.storeName),
    kind: 'changelog',
    partitions: undefined,
    config: { ...defaults, ...spec.logging.topicConfig },
  }
}
