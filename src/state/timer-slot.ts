import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import { unreadable } from '../serdes/serde-errors.ts'

/** The clock that a timer follows: event time, or the machine's. */
export type TimerClock = 'stream-time' | 'wall-clock-time'

const clocks: readonly TimerClock[] = ['stream-time', 'wall-clock-time']
const dueTag = 1
const namedTag = 2
const timeBytes = 8
const lengthBytes = 4
const dueHead = 2 + timeBytes

/**
 * A key of a timer store. Each timer has two: one by the time at which it is due, in the order of which timers fire, and
 * one by its key and name, under which it is found again.
 */
export class TimerSlot<K> {
  readonly key: K
  readonly name: string
  /** The clock and time at which it is due; undefined in the slot by name. */
  readonly clock: TimerClock | undefined
  readonly atMs: number
  /** As it is stored: known once it was written or read. */
  bytes: Buffer | undefined

  private constructor(key: K, name: string, clock: TimerClock | undefined, atMs: number) {
    this.key = key
    this.name = name
    this.clock = clock
    this.atMs = atMs
  }

  static due<K>(key: K, name: string, clock: TimerClock, atMs: number): TimerSlot<K> {
    return new TimerSlot(key, name, clock, atMs)
  }

  static named<K>(key: K, name: string): TimerSlot<K> {
    return new TimerSlot<K>(key, name, undefined, -1)
  }

  /** A bound for a walk: nothing but its bytes. */
  static bound<K>(bytes: Buffer): TimerSlot<K> {
    const slot = new TimerSlot<K>(undefined as K, '', undefined, -1)
    slot.bytes = bytes
    return slot
  }

  /** The bytes as text, whose order is theirs. Throws where it was never written or read. */
  get position(): string {
    return this.bytes!.toString('latin1')
  }

  /** The serialized key within. */
  get keyBytes(): Buffer {
    const head = this.clock === undefined ? 1 : dueHead
    const from = head + lengthBytes
    return this.bytes!.subarray(from, from + this.bytes!.readUInt32BE(head))
  }
}

/** The bytes below those of all timers of a clock. */
export function beforeTimers(clock: TimerClock): Buffer {
  return Buffer.of(dueTag, clocks.indexOf(clock))
}

/** The bytes above those of all timers of a clock. */
export function afterTimers(clock: TimerClock): Buffer {
  return Buffer.concat([beforeTimers(clock), Buffer.alloc(timeBytes + 1, 0xff)])
}

/** The bytes that all slots of a key by name begin with. */
export function namedPrefix(slot: TimerSlot<unknown>): Buffer {
  return slot.bytes!.subarray(0, 1 + lengthBytes + slot.bytes!.readUInt32BE(1))
}

/** The keys of a timer store, over the serde of its timers' keys. */
export function timerSlotSerde<K>(key: Serde<K>): Serde<TimerSlot<K>> {
  const name = `timer of ${key.name}`
  const keyIn = (bytes: Buffer): readonly [number, number] | undefined => {
    const head = bytes[0] === dueTag ? dueHead : 1
    if (bytes.length < head + lengthBytes) return undefined
    const from = head + lengthBytes
    const end = from + bytes.readUInt32BE(head)
    return end > bytes.length ? undefined : [from, end]
  }
  const { resolve, prepare } = key
  return {
    name,
    serialize(slot, context) {
      slot.bytes ??= bytesOf(slot, key.serialize(slot.key, context))
      return slot.bytes
    },
    deserialize(bytes, context) {
      const span = keyIn(bytes)
      const clock = bytes[0] === dueTag ? clocks[bytes[1] ?? -1] : undefined
      if (!span || (bytes[0] !== namedTag && clock === undefined)) {
        throw unreadable(name, context, `${bytes.length} bytes are no timer`)
      }
      const inner = key.deserialize(bytes.subarray(...span), context)
      const timerName = bytes.toString('utf8', span[1])
      const slot =
        clock === undefined
          ? TimerSlot.named(inner, timerName)
          : TimerSlot.due(inner, timerName, clock, Number(bytes.readBigUInt64BE(2)))
      slot.bytes = Buffer.from(bytes)
      return slot
    },
    ...(resolve && {
      resolve(values: readonly Buffer[], context: SerdeContext) {
        const inner = values.flatMap((bytes) => {
          const span = keyIn(bytes)
          return span ? [bytes.subarray(...span)] : []
        })
        return resolve.call(key, inner, context)
      },
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(key, context) }),
    ...(key.bind && { bind: (environment) => timerSlotSerde(bindSerde(key, environment)) }),
  }
}

function bytesOf(slot: TimerSlot<unknown>, key: Buffer): Buffer {
  const name = Buffer.from(slot.name)
  const head = Buffer.allocUnsafe((slot.clock === undefined ? 1 : dueHead) + lengthBytes)
  if (slot.clock === undefined) {
    head[0] = namedTag
  } else {
    head[0] = dueTag
    head[1] = clocks.indexOf(slot.clock)
    head.writeBigUInt64BE(BigInt(slot.atMs), 2)
  }
  head.writeUInt32BE(key.length, head.length - lengthBytes)
  return Buffer.concat([head, key, name])
}
