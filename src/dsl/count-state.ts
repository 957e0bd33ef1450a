import { bindSerde, type Serde, type SerdeContext } from '../serdes/serde.ts'
import { unreadable } from '../serdes/serde-errors.ts'

/** A window that waits for more records. */
export interface OpenCountWindow<Agg> {
  /** Null where the aggregator said so. */
  readonly aggregate: Agg | null
  /** The highest event time of its records. */
  readonly timestampMs: number
}

/** What is kept of a key: how many records it has had, and its windows that are not full, the oldest first. */
export interface CountState<Agg> {
  readonly records: number
  readonly open: readonly OpenCountWindow<Agg>[]
}

const recordsBytes = 8
const windowBytes = 12
const absent = 0xffffffff

/** The state of a key in bytes: the number of records, and of each open window time, length and aggregate. */
export function countStateSerde<Agg>(inner: Serde<Agg>): Serde<CountState<Agg>> {
  const name = `windows of ${inner.name}`
  const { resolve, prepare } = inner
  return {
    name,
    serialize({ records, open }, context) {
      const head = Buffer.allocUnsafe(recordsBytes)
      head.writeBigUInt64BE(BigInt(records))
      const parts = open.flatMap(({ aggregate, timestampMs }) => {
        const bytes = aggregate === null ? undefined : inner.serialize(aggregate, context)
        const window = Buffer.allocUnsafe(windowBytes)
        window.writeBigInt64BE(BigInt(timestampMs))
        window.writeUInt32BE(bytes?.length ?? absent, 8)
        return bytes ? [window, bytes] : [window]
      })
      return Buffer.concat([head, ...parts])
    },
    deserialize(bytes, context) {
      const windows = windowsIn(bytes)
      if (!windows) throw unreadable(name, context, `${bytes.length} bytes are cut off`)
      return {
        records: Number(bytes.readBigUInt64BE(0)),
        open: windows.map(({ timestampMs, aggregate }) => ({
          timestampMs,
          aggregate: aggregate && inner.deserialize(aggregate, context),
        })),
      }
    },
    ...(resolve && {
      resolve(values: readonly Buffer[], context: SerdeContext) {
        const aggregates = values
          .flatMap((bytes) => windowsIn(bytes) ?? [])
          .map(({ aggregate }) => aggregate)
        return resolve.call(
          inner,
          aggregates.filter((bytes) => bytes !== null),
          context,
        )
      },
    }),
    ...(prepare && { prepare: (context: SerdeContext) => prepare.call(inner, context) }),
    ...(inner.bind && { bind: (environment) => countStateSerde(bindSerde(inner, environment)) }),
  }
}

interface WindowBytes {
  readonly timestampMs: number
  readonly aggregate: Buffer | null
}

/** The windows in a state's bytes; undefined where these are cut off. */
function windowsIn(bytes: Buffer): WindowBytes[] | undefined {
  if (bytes.length < recordsBytes) return undefined
  const windows: WindowBytes[] = []
  for (let at = recordsBytes; at < bytes.length;) {
    if (at + windowBytes > bytes.length) return undefined
    const timestampMs = Number(bytes.readBigInt64BE(at))
    const length = bytes.readUInt32BE(at + 8)
    at += windowBytes
    if (length === absent) {
      windows.push({ timestampMs, aggregate: null })
      continue
    }
    if (at + length > bytes.length) return undefined
    windows.push({ timestampMs, aggregate: bytes.subarray(at, at + length) })
    at += length
  }
  return windows
}
