import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { systemRandom } from '../../core/random.ts'

const file = 'process-id'
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/**
 * The id that is kept in a state folder, made where there is none. The caller holds the folder's lock.
 *
 * A copy of the folder has the same id: two workers that use it at once would fence each other.
 */
export async function processIdOf(folder: string): Promise<string> {
  const path = join(folder, file)
  const kept = await readFile(path, 'utf8').catch(() => '')
  if (uuid.test(kept.trim())) return kept.trim()
  const made = systemRandom.uuid()
  // A crash while it is written must not leave half an id.
  await writeFile(`${path}.new`, `${made}\n`)
  await rename(`${path}.new`, path)
  return made
}
