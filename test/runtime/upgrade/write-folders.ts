import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'
import { rocksDbState, type BindingName } from '../../../src/state/rocksdb/index.ts'
import type { Topology } from '../../../src/topology/topology.ts'
import { eventually, produce, readAll, startWorker } from '../worker-harness.ts'

/** The records of a round: three keys, each twice, a second apart. */
export function roundOf(round: number): { key: string; value: string; timestampMs: number }[] {
  return ['a', 'b', 'c', 'a', 'b', 'c'].map((key, i) => ({
    key,
    value: `${key}${round}.${i}`,
    timestampMs: 1_700_000_000_000 + round * 600_000 + i * 1_000,
  }))
}

/**
 * Runs an application for two rounds of input, and keeps what it leaves: the state folder as it was after the first,
 * and the embedded broker's folder as it is after the second. The state is then behind its changelogs by one round.
 */
export async function writeFolders(
  topology: () => Topology,
  target: string,
  binding: BindingName = 'rocksdb',
): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'millrace-upgrade-'))
  const broker = new EmbeddedBroker({ folder: join(work, 'broker') })
  const client = broker.open()
  await client.createTopics(['in', 'out'].map((name) => ({ name, partitions: 1 })))
  await client.close()
  for (const round of [1, 2]) {
    const state = rocksDbState({ folder: join(work, 'state'), binding })
    const { worker } = await startWorker({ topology: topology(), broker, state })
    await produce(broker, 'in', roundOf(round))
    await eventually(async () => {
      if ((await readAll(broker, 'out')).length < 6 * round) throw new Error('not all yet')
    })
    await worker.close()
    await state.close()
    if (round === 1) copyWithout(join(work, 'state'), join(target, 'tasks'))
  }
  await broker.close()
  copyWithout(join(work, 'broker'), join(target, 'broker'))
  rmSync(work, { recursive: true })
}

/** What is of this machine or this moment alone is no part of a folder: RocksDB's own logs and options, and locks. */
function copyWithout(from: string, to: string): void {
  cpSync(from, to, { recursive: true })
  for (const name of readdirSync(to, { recursive: true, encoding: 'utf8' })) {
    if (/(^|\/)(LOG|OPTIONS|LOCK|lock|worker\.lock)/.test(name)) {
      rmSync(join(to, name), { recursive: true, force: true })
    }
  }
}
