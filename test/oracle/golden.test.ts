import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'millrace-golden-'))
/** What Kafka Streams gives, which takes it a while. */
const given = join(folder, 'given')

interface Ended {
  readonly status: number | null
  readonly said: string
}

function oracle(...args: string[]): Ended {
  const options = { cwd: root, encoding: 'utf8' } as const
  const { status, stdout, stderr } = spawnSync('bash', ['scripts/oracle.sh', ...args], options)
  return { status, said: stdout + stderr }
}

beforeAll(() => {
  const { status, said } = oracle('--out', given)
  expect(status, said).toBe(0)
}, 300_000)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('the golden files', () => {
  it('are what Kafka Streams gives', () => {
    const { status, said } = oracle('--check', 'test/golden', given)
    expect(status, said).toBe(0)
  })

  it('are refused where one was written by hand, is missing, or is declared by nobody', () => {
    const golden = join(folder, 'golden')
    cpSync(join(root, 'test/golden'), golden, { recursive: true })
    writeFileSync(join(golden, 'describe/reduce.txt'), 'Topologies:\n')
    rmSync(join(golden, 'behaviour/count.json'))
    writeFileSync(join(golden, 'behaviour/of-old.json'), '{}')
    const { status, said } = oracle('--check', golden, given)
    expect(status).toBe(1)
    for (const file of ['reduce.txt', 'count.json', 'of-old.json']) expect(said).toContain(file)
  })
})
