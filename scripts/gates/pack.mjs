import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pack as budget } from '../budgets.mjs'
import { checkInstalled } from './installed-apps.mjs'
import { mustSucceed, tool } from './run-command.mjs'

/** The tarball as it would be published: its size, its manifest (publint), its types (attw). */
export async function packed() {
  return await withTarball(async ({ path, size, unpackedSize, entryCount }) => {
    const cost = `${entryCount} files, ${size} bytes packed, ${unpackedSize} unpacked`
    if (size > budget.packedBytes || unpackedSize > budget.unpackedBytes) {
      throw new Error(
        `Over budget: ${cost}; allowed are ${budget.packedBytes} and ${budget.unpackedBytes}.`,
      )
    }
    await mustSucceed(tool('publint/src/cli.js', 'run', path, '--strict'))
    await mustSucceed(
      tool('@arethetypeswrong/cli/dist/index.js', path, '--profile', 'esm-only', '--no-emoji'),
    )
    return cost
  })
}

/** The tarball installed into applications of others. */
export async function installed() {
  return await withTarball(({ path }) => checkInstalled(path))
}

async function withTarball(use) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-pack-'))
  try {
    const { stdout } = await mustSucceed([
      'npm',
      'pack',
      '--json',
      '--ignore-scripts',
      '--pack-destination',
      folder,
    ])
    const [facts] = [JSON.parse(stdout)].flat().map((entry) => entry.millrace ?? entry)
    return await use({ ...facts, path: join(folder, facts.filename) })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
