// A method may leave out arguments of the port that it implements, so that a wrapper could drop what it ought to pass
// on, and the compiler would not say so. `tsc -p .` fails here where one does.
import type { Broker, CommittedOffset, GroupMembership, Producer } from '../../src/broker/port.ts'
import type { WatchedMembership } from '../../src/runtime/broker-health.ts'
import type { FaultyBroker } from '../../src/testing/simulator/faulty-broker.ts'
import type { FaultyMembership } from '../../src/testing/simulator/faulty-membership.ts'
import type { FaultyProducer } from '../../src/testing/simulator/faulty-producer.ts'

type Arguments<Method> = Method extends (...args: infer All) => unknown
  ? Required<All>['length']
  : never

/** The methods of a port of which a wrapper takes fewer arguments than callers may give. */
type Dropped<Port, Wrapper extends Port> = {
  [Name in keyof Port]-?: Arguments<Port[Name]> extends Arguments<Wrapper[Name]> ? never : Name
}[keyof Port]

type Nothing<T extends never> = T

export type PassedOn = [
  Nothing<Dropped<GroupMembership, WatchedMembership>>,
  Nothing<Dropped<GroupMembership, FaultyMembership>>,
  Nothing<Dropped<Broker, FaultyBroker>>,
  Nothing<Dropped<Producer, FaultyProducer>>,
]

interface Forgetful extends GroupMembership {
  commitOffsets(offsets: readonly CommittedOffset[]): Promise<void>
}

// @ts-expect-error It drops the member that commits.
export type Noticed = Nothing<Dropped<GroupMembership, Forgetful>>
