/**
 * Kafka's murmur2 hash of a key, as an unsigned 31-bit number, so that Millrace and every Java client place a key on
 * the same partition.
 *
 * @remarks Source: `org.apache.kafka.common.utils.Utils.murmur2` and `toPositive`.
 */
function murmur2Positive(data: Uint8Array): number {
  const m = 0x5bd1e995
  const length = data.length
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

/** The partition that Kafka's default partitioner gives to a key. */
export function partitionForKey(key: Uint8Array, partitions: number): number {
  return murmur2Positive(key) % partitions
}
