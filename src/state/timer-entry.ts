import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import { unreadable } from '../serdes/serde-errors.ts'
import type { TimerClock } from './timer-slot.ts'

const clocks: readonly TimerClock[] = ['stream-time', 'wall-clock-time']
const emptyTag = 0
const payloadTag = 1
const whenTag = 2

/** What a timer store keeps: by the time at which a timer is due its payload, by its name the time. */
export type TimerEntry<P> =
  | {
      readonly type: 'payload'
      readonly payload: P
      /** The payload as it is stored: known once it was written or read. */
      bytes?: Buffer
    }
  | { readonly type: 'when'; readonly clock: TimerClock; readonly atMs: number }

/** The values of a timer store, over the serde of its timers' payloads, where they have any. */
export function timerEntrySerde<P>(payload: Serde<P> | undefined): Serde<TimerEntry<P>> {
  const name = payload ? `timer with ${payload.name}` : 'timer'
  const resolve = payload?.resolve
  const prepare = payload?.prepare
  return {
    name,
    serialize(entry, context) {
      if (entry.type === 'payload') {
        if (!payload || entry.payload === undefined) return Buffer.of(emptyTag)
        entry.bytes = payload.serialize(entry.payload, context)
        return Buffer.concat([Buffer.of(payloadTag), entry.bytes])
      }
      const bytes = Buffer.allocUnsafe(10)
      bytes[0] = whenTag
      bytes[1] = clocks.indexOf(entry.clock)
      bytes.writeBigUInt64BE(BigInt(entry.atMs), 2)
      return bytes
    },
    deserialize(bytes, context) {
      switch (bytes[0] ?? -1) {
        case emptyTag:
          return { type: 'payload', payload: undefined as P }
        case payloadTag: {
          if (!payload) break
          const own = Buffer.from(bytes.subarray(1))
          return { type: 'payload', payload: payload.deserialize(own, context), bytes: own }
        }
        case whenTag: {
          const clock = clocks[bytes[1] ?? -1]
          if (bytes.length !== 10 || clock === undefined) break
          return { type: 'when', clock, atMs: Number(bytes.readBigUInt64BE(2)) }
        }
      }
      throw unreadable(name, context, `${bytes.length} bytes are no timer`)
    },
    ...(resolve && {
      resolve: (values: readonly Buffer[], context: SerdeContext) =>
        resolve.call(
          payload,
          values.filter((bytes) => bytes[0] === payloadTag).map((bytes) => bytes.subarray(1)),
          context,
        ),
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(payload, context) }),
    ...(payload?.bind && {
      bind: (environment) => timerEntrySerde(bindSerde(payload, environment)),
    }),
  }
}
