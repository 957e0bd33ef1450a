import type { LogicalPlan } from '../logical-plan.ts'

/** The names of all that a foreign-key join is made of. */
export interface ForeignKeyJoinNames {
  readonly subscriptionTopic: string
  readonly send: string
  readonly subscriptionSink: string
  readonly subscriptionSource: string
  readonly store: string
  readonly receive: string
  readonly join: string
  readonly foreignJoin: string
  readonly responseTopic: string
  readonly responseSink: string
  readonly responseSource: string
  readonly resolver: string
  readonly result: string
}

/** Numbers in the order in which Kafka Streams spends them, or the user's name with what each part is. */
export function foreignKeyJoinNames(
  plan: LogicalPlan,
  name: string | undefined,
): ForeignKeyJoinNames {
  const named = (prefix: string, suffix: string): string =>
    plan.suffixedName(`KTABLE-${prefix}-`, `-${suffix}`, name)
  const registration = 'FK-JOIN-SUBSCRIPTION-REGISTRATION'
  const processor = 'FK-JOIN-SUBSCRIPTION-PROCESSOR'
  return {
    subscriptionTopic: `${named(registration, 'subscription-registration')}-topic`,
    send: named(registration, 'subscription-registration-processor'),
    subscriptionSink: named('SINK', 'subscription-registration-sink'),
    subscriptionSource: named('SOURCE', 'subscription-registration-source'),
    store: named('FK-JOIN-SUBSCRIPTION-STATE-STORE', 'subscription-store'),
    receive: named(processor, 'subscription-receive'),
    join: named(processor, 'subscription-join-foreign'),
    foreignJoin: named(processor, 'foreign-join-subscription'),
    responseTopic: `${named('FK-JOIN-SUBSCRIPTION-RESPONSE', 'subscription-response')}-topic`,
    responseSink: named('SINK', 'subscription-response-sink'),
    responseSource: named('SOURCE', 'subscription-response-source'),
    resolver: named(
      'FK-JOIN-SUBSCRIPTION-RESPONSE-RESOLVER-PROCESSOR',
      'subscription-response-resolver',
    ),
    result: named('FK-JOIN-OUTPUT', 'result'),
  }
}
