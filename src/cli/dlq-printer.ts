import type { ListedDeadLetter } from '../index.ts'

const messageCharacters = 80

/** A dead letter as one line of JSON; bytes that are no text in base64. */
export function deadLetterJson(letter: ListedDeadLetter): string {
  const { key, value, headers, timestampMs, ...rest } = letter
  return JSON.stringify({
    ...rest,
    timestampMs,
    ...bytesOf('key', key),
    ...bytesOf('value', value),
    headers: headers.map((header) => ({ name: header.key, ...bytesOf('value', header.value) })),
  })
}

/** Dead letters as a table for a person. */
export function deadLetterTable(letters: readonly ListedDeadLetter[]): string {
  const head = ['letter', 'came from', 'time', 'error', 'tries', 'redriven', 'message']
  const rows = letters.map((letter) => [
    `${letter.partition}:${letter.offset}`,
    placeOf(letter.origin),
    new Date(letter.timestampMs).toISOString(),
    letter.cause ?? letter.exception ?? '?',
    String(letter.attempts),
    redrivenOf(letter),
    shortened(letter.message ?? ''),
  ])
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column]!))
      .join('  ')
      .trimEnd()
  return all.map(line).join('\n')
}

/** Where a record came from, for a person; a dash for one that came from no topic, as of a punctuation. */
export function placeOf({ topic, partition, offset }: ListedDeadLetter['origin']): string {
  return topic === undefined ? '-' : `${topic}-${partition}@${offset}`
}

function redrivenOf({ isRedriven, redrives }: ListedDeadLetter): string {
  if (isRedriven) return 'yes'
  return redrives === 0 ? 'no' : `no, ${redrives} before`
}

function shortened(message: string): string {
  const line = message.replaceAll(/\s+/g, ' ')
  return line.length <= messageCharacters ? line : `${line.slice(0, messageCharacters - 1)}…`
}

function bytesOf(name: string, bytes: Buffer | null): object {
  if (bytes === null) return { [name]: null }
  const text = bytes.toString('utf8')
  const isText = Buffer.from(text, 'utf8').equals(bytes)
  return isText ? { [name]: text } : { [`${name}Base64`]: bytes.toString('base64') }
}
