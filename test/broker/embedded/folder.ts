import { appendFileSync, cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { VirtualClock } from '../../../src/testing/virtual-clock.ts'

/** A new folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-broker-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** What a folder holds at this moment, as a process that is killed leaves it. */
export function copyOf(folder: string): string {
  const copy = temporaryFolder()
  cpSync(folder, copy, { recursive: true })
  return copy
}

/** A broker on a folder, whose time stands still. */
export function brokerOn(folder: string): EmbeddedBroker {
  return new EmbeddedBroker({ folder, clock: new VirtualClock(1_000_000) })
}

/** The file that is written to last. */
export function journalOf(folder: string): { readonly path: string; readonly bytes: number } {
  const files = readdirSync(folder)
    .filter((name) => name.startsWith('journal'))
    .toSorted()
  const path = join(folder, files.at(-1)!)
  return { path, bytes: statSync(path).size }
}

/** Puts bytes after the end of the journal. */
export function appendToJournal(folder: string, bytes: Buffer): void {
  appendFileSync(journalOf(folder).path, bytes)
}
