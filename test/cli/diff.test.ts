import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StreamsBuilder, type Topology } from 'millrace'
import { string } from 'millrace/serdes'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { runDiff, type DiffOptions } from '../../src/cli/diff-command.ts'
import { ConfigError } from '../../src/core/errors.ts'
import { text } from '../dsl/golden/topics.ts'
import { runCli } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-diff-'))
const snapshot = join(folder, 'topology.json')

afterAll(() => rmSync(folder, { recursive: true, force: true }))

function counting(store: string, more?: (builder: StreamsBuilder) => void): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream(text('in'), { name: 'source' })
    .groupBy((word) => word, { key: string(), name: 'by-word' })
    .count({ store, name: 'count' })
  more?.(builder)
  return builder.build()
}

function diff(options: Partial<DiffOptions> & Pick<DiffOptions, 'topology'>): {
  readonly accepted: boolean
  readonly lines: string[]
} {
  const lines: string[] = []
  const all = { snapshot, update: false, allow: [], ...options }
  return { accepted: runDiff(all, (line) => lines.push(line)), lines }
}

beforeEach(() => {
  writeFileSync(snapshot, counting('counts').describe({ format: 'json' }))
})

describe('millrace diff', () => {
  it('says that nothing changed, or what did', () => {
    expect(diff({ topology: counting('counts') })).toEqual({
      accepted: true,
      lines: [`the topology is what ${snapshot} says`],
    })
    const more = counting('counts', (builder) => {
      builder.stream(text('more'), { name: 'more' }).to(text('out'), { name: 'out' })
    })
    expect(diff({ topology: more })).toEqual({
      accepted: true,
      lines: [
        '+ source topic more added: it is read from where offsetReset says',
        '+ node more added',
        '+ node out added',
      ],
    })
  })

  it('refuses what orphans state, says what to do, and leaves the snapshot as it is', () => {
    const before = readFileSync(snapshot, 'utf8')
    const { accepted, lines } = diff({ topology: counting('totals'), update: true })
    expect(accepted).toBe(false)
    expect(lines[0]).toMatch(/^! store counts removed/)
    expect(lines[1]).toMatch(/^ {4}if it is now totals, give that the name counts again/)
    expect(lines.at(-1)).toBe('refused: state would be orphaned; --allow counts lets it be')
    expect(readFileSync(snapshot, 'utf8')).toBe(before)
  })

  it('lets by name what is meant, and writes it down', () => {
    const topology = counting('totals')
    const { accepted, lines } = diff({ topology, allow: ['counts'], update: true })
    expect(accepted).toBe(true)
    expect(lines[0]).toMatch(/^- store counts removed.* \(allowed\)$/)
    expect(lines.at(-1)).toBe(`wrote ${snapshot}`)
    expect(readFileSync(snapshot, 'utf8')).toBe(topology.describe({ format: 'json' }))
    expect(() => diff({ topology, allow: ['counts'] })).toThrow(
      /--allow names counts, of which no state would be orphaned/,
    )
  })

  it('hints at the name that was meant', () => {
    expect(() => diff({ topology: counting('totals'), allow: ['count'] })).toThrow(
      /--allow names count, .* did you mean counts\?/,
    )
  })

  it('asks for a snapshot where there is none, writes the first, and refuses what is none', () => {
    const none = join(folder, 'none.json')
    const topology = counting('counts')
    expect(() => diff({ topology, snapshot: none })).toThrow(ConfigError)
    expect(() => diff({ topology, snapshot: none })).toThrow(/write it with millrace diff --update/)
    expect(diff({ topology, snapshot: none, update: true })).toEqual({
      accepted: true,
      lines: [`wrote ${none}`],
    })
    writeFileSync(none, 'Topologies:')
    expect(() => diff({ topology, snapshot: none })).toThrow(
      /Cannot compare with .*none.json: It is no JSON/,
    )
  })

  it('finds topology and snapshot by the configuration file, and ends with 1 where it refuses', async () => {
    const config = join(folder, 'millrace.config.mjs')
    writeFileSync(config, `export default { topology: './topology.mjs', snapshot: 'kept.json' }`)
    writeFileSync(
      join(folder, 'topology.mjs'),
      `export default { plan() {}, describe: () => process.env.DESCRIBED }`,
    )
    const run = (topology: Topology, ...args: string[]): ReturnType<typeof runCli> =>
      runCli(['diff', '--config', config, ...args], {
        env: { DESCRIBED: topology.describe({ format: 'json' }) },
      })
    const first = await run(counting('counts'), '--update')
    expect(first).toMatchObject({ code: 0, stdout: `wrote ${join(folder, 'kept.json')}\n` })
    const second = await run(counting('totals'))
    expect(second).toMatchObject({ code: 1, stderr: '' })
    expect(second.stdout).toMatch(/^! store counts removed/)
    expect(await run(counting('totals'), '--allow', 'counts')).toMatchObject({ code: 0 })
  })
})
