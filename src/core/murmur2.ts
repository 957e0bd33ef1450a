/**
 * Kafka's murmur2 hash of a key, as an unsigned 31-bit number, so that Millrace and every Java client place a key on
 * the same partition.
 *
 * @remarks Source: `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive`.
 */
function murmur2Positive(data: Uint8Array, length: number): number {
  const m = 0x5bd1e995
  let h = 0x9747b28c ^ length
  let i = 0
  for (const end = length & ~3; i < end; i += 4) {
    let k = data[i]! | (data[i + 1]! << 8) | (data[i + 2]! << 16) | (data[i + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    h = Math.imul(h, m) ^ k
  }
  const rest = length & 3
  if (rest === 3) h ^= data[i + 2]! << 16
  if (rest >= 2) h ^= data[i + 1]! << 8
  if (rest >= 1) h = Math.imul(h ^ data[i]!, m)
  h ^= h >>> 13
  h = Math.imul(h, m)
  h ^= h >>> 15
  return h & 0x7fffffff
}

/** The partition that Kafka's default partitioner gives to a key: bytes, or a string of one character a byte. */
export function partitionForKey(key: Uint8Array | string, partitions: number): number {
  const bytes = typeof key === 'string' ? scratchBytes(key) : key
  return murmur2Positive(bytes, key.length) % partitions
}

let scratch = new Uint8Array(64)

/** The bytes of a string that has one character a byte; valid until the next call. */
function scratchBytes(text: string): Uint8Array {
  const { length } = text
  if (length > scratch.length) scratch = new Uint8Array(2 * length)
  for (let i = 0; i < length; i++) scratch[i] = text.charCodeAt(i)
  return scratch
}
