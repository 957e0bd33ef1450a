import type { ChangelogCursor } from './changelog-cursor.ts'
import type { ChangelogRecord } from './task-state.ts'

/** The records as objects; one without a key is none of a store's. */
export function changelogRecords(
  cursor: ChangelogCursor,
  keepsHeaders: boolean,
): ChangelogRecord[] {
  const records: ChangelogRecord[] = []
  while (cursor.next()) {
    const { buffer, keyStart, keyEnd, valueStart, valueEnd, timestampMs } = cursor
    if (keyEnd < 0) continue
    records.push({
      key: buffer.subarray(keyStart, keyEnd),
      value: valueEnd < 0 ? null : buffer.subarray(valueStart, valueEnd),
      timestampMs,
      ...(keepsHeaders ? { headers: cursor.headers() } : {}),
    })
  }
  return records
}
