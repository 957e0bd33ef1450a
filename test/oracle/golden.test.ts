import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folders: string[] = []

function check(golden: string): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('bash', ['scripts/oracle.sh', '--check', golden], {
    cwd: root,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

function copyOfGolden(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-golden-'))
  folders.push(folder)
  cpSync(join(root, 'test/golden'), folder, { recursive: true })
  return folder
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

describe('the golden files', () => {
  it('are what Kafka Streams gives', () => {
    const { status, said } = check('test/golden')
    expect(status, said).toBe(0)
  })

  it('are refused where one was written by hand, is missing, or is declared by nobody', () => {
    const golden = copyOfGolden()
    writeFileSync(join(golden, 'describe/reduce.txt'), 'Topologies:\n')
    rmSync(join(golden, 'behaviour/count.json'))
    writeFileSync(join(golden, 'behaviour/of-old.json'), '{}')
    const { status, said } = check(golden)
    expect(status).toBe(1)
    for (const file of ['reduce.txt', 'count.json', 'of-old.json']) expect(said).toContain(file)
  })
})
