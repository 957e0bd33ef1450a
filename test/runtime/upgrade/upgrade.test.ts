import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rocksDbState } from 'millrace/state/rocksdb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import type { KeyValueStore, StateStore, WindowStore } from '../../../src/state/store.ts'
import type { ReadOnlySessionStore } from '../../../src/state/session-store-types.ts'
import type { ReadOnlyVersionedStore } from '../../../src/state/versioned-store-types.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { workingBindings } from '../../state/rocksdb/working-bindings.ts'
import { eventually, produce, readAll, startWorker, type TestWorker } from '../worker-harness.ts'
import { format1 } from './format-1.ts'
import { format2 } from './format-2.ts'
import { roundOf, writeFolders } from './write-folders.ts'

// The folders were written by the code of the commits named in folders/README.md, not by that of today.

const formats: readonly [number, () => Topology, readonly string[]][] = [
  [1, format1, ['counts', 'per-minute']],
  [2, format2, ['counts', 'per-minute', 'notes', 'sessions', 'history']],
]
const cases = formats.flatMap((format) =>
  workingBindings.map((binding) => [...format, binding] as const),
)
const secondRoundMs = roundOf(2)[0]!.timestampMs

/** The folder as it was written, to work on. */
function copyOfFolder(name: string): string {
  const copy = mkdtempSync(join(tmpdir(), 'millrace-upgrade-'))
  onTestFinished(() => rmSync(copy, { recursive: true, force: true }))
  cpSync(new URL(`folders/${name}`, import.meta.url), copy, { recursive: true })
  return copy
}

describe.each(cases)(
  'folders of state format %i, with %s%s, opened by %s',
  (format, topology, stores, binding) => {
    const open = async (
      folder: string,
      stateFolder: string,
    ): Promise<[EmbeddedBroker, TestWorker]> => {
      const broker = new EmbeddedBroker({ folder: join(folder, 'broker') })
      const state = rocksDbState({ folder: join(folder, stateFolder), binding })
      const started = await startWorker({ topology: topology(), broker, state })
      onTestFinished(async () => {
        await started.worker.close()
        await state.close()
        await broker.close()
      })
      return [broker, started]
    }

    const storeOf = ({ worker }: TestWorker, name: string): StateStore =>
      worker.storeViews(name)[0]!.store
    const countOf = (started: TestWorker, key: string): unknown =>
      (storeOf(started, 'counts') as KeyValueStore<string, string>).get(key)

    it('are read, gone on with, and only what the state is behind is restored', async () => {
      const folder = copyOfFolder(`format-${format}`)
      const [broker, started] = await open(folder, 'tasks')
      const logged = (
        await Promise.all(stores.map((store) => readAll(broker, `app-${store}-changelog`)))
      ).flat()
      const tail = logged.filter(({ timestampMs }) => timestampMs >= secondRoundMs).length
      expect(tail).toBeGreaterThan(0)
      expect(tail).toBeLessThan(logged.length)
      expect(started.worker.status().tasks.map(({ restored }) => restored)).toEqual([tail])
      for (const key of ['a', 'b', 'c']) expect(await countOf(started, key)).toBe('4')

      await produce(broker, 'in', roundOf(3))
      await eventually(async () => {
        const values = (await readAll(broker, 'out')).map(({ key, value }) => `${key}${value}`)
        expect(values.slice(-6)).toEqual(['a5', 'b5', 'c5', 'a6', 'b6', 'c6'])
        expect(values).toHaveLength(18)
      })
      await eventually(async () => expect(await countOf(started, 'a')).toBe('6'))
      const written = JSON.parse(
        readFileSync(join(folder, 'tasks', '0_0', 'format.json'), 'utf8'),
      ) as { format: number }
      expect(written.format).toBe(format)
    })

    it('hold what a state made from the changelogs alone holds', async () => {
      const [, kept] = await open(copyOfFolder(`format-${format}`), 'tasks')
      const [, made] = await open(copyOfFolder(`format-${format}`), 'tasks-that-are-not-there')
      expect(made.worker.status().tasks[0]!.restored).toBeGreaterThan(
        kept.worker.status().tasks[0]!.restored,
      )
      for (const store of stores) {
        const entries = await contentOf(storeOf(kept, store))
        expect(entries.length).toBeGreaterThan(0)
        expect(entries).toEqual(await contentOf(storeOf(made, store)))
      }
    })
  },
)

it.each(formats)(
  'a folder of state format %i is what is written today too',
  async (format, topology) => {
    const folder = copyOfFolder(`format-${format}`)
    const today = join(folder, 'today')
    // Where this fails a format has changed: write a folder with the code before the change, and keep those there are.
    await writeFolders(topology, today, workingBindings[0])
    const written = (of: string): unknown =>
      (
        JSON.parse(readFileSync(join(of, 'tasks', '0_0', 'format.json'), 'utf8')) as {
          format: number
        }
      ).format
    expect(written(today)).toBe(written(folder))
    const magic = (of: string): string =>
      readFileSync(join(of, 'broker', 'journal')).toString('latin1', 0, 'millrace-journal-1'.length)
    expect(magic(today)).toBe(magic(folder))
  },
)

/** All that a store holds, in its order. */
async function contentOf(store: StateStore): Promise<unknown[]> {
  const content: unknown[] = []
  const walk = async (entries: AsyncIterable<unknown>): Promise<void> => {
    for await (const entry of entries) content.push(entry)
  }
  if (store.kind === 'window') await walk((store as WindowStore<string, string>).all())
  else if (store.kind === 'session')
    await walk((store as ReadOnlySessionStore<string, string>).all())
  else if (store.kind === 'versioned') {
    const versioned = store as ReadOnlyVersionedStore<string, string>
    for (const key of ['a', 'b', 'c']) await walk(versioned.versions(key))
  } else await walk((store as KeyValueStore<string, string>).range())
  return content
}
