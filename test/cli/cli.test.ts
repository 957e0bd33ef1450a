import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it, vi } from 'vitest'
import wordCount from '../../examples/word-count/topology.ts'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { runCli, startCli } from './run-cli.ts'

// Each test starts processes, which a busy machine lets wait.
vi.setConfig({ testTimeout: 120_000 })

const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
const wordCountModule = 'examples/word-count/topology.ts'

afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('millrace', () => {
  it('describes a topology as the library does, as text and as Mermaid', async () => {
    const text = await runCli(['describe', wordCountModule])
    expect(text).toMatchObject({ code: 0, stdout: `${wordCount.describe().trimEnd()}\n` })
    const mermaid = await runCli(['describe', wordCountModule, '--format', 'mermaid'])
    expect(mermaid.stdout).toMatch(/^(flowchart|graph)/m)
    const dot = await runCli(['describe', wordCountModule, '--format', 'dot'])
    expect(dot.stdout).toBe(wordCount.describe({ format: 'dot' }))
    const json = await runCli(['describe', wordCountModule, '--format', 'json'])
    expect(json.stdout).toBe(wordCount.describe({ format: 'json' }))
  })

  it('ends without a word when nobody reads its output any more', async () => {
    const command = `${process.execPath} --import tsx src/cli/main.ts describe ${wordCountModule}`
    const script = `{ ${command}; echo "code $?" >&2; } | true`
    const { stderr } = await promisify(execFile)('bash', ['-c', script])
    expect(stderr).toBe('code 0\n')
  })

  it('says what is wrong with a command line, and ends with 2', async () => {
    const unknown = await runCli(['descibe', wordCountModule])
    expect(unknown).toMatchObject({ code: 2 })
    expect(unknown.stderr).toMatch(/unknown command 'descibe'\n\(Did you mean describe\?\)/)
    const missing = await runCli(['describe', 'no-such.ts'])
    expect(missing).toMatchObject({ code: 2 })
    expect(missing.stderr).toMatch(/there is no file no-such.ts .*MILLRACE_CONFIG/)
  })

  it('says that a module exports no topology, and what it exports', async () => {
    const file = join(folder, 'none.mjs')
    writeFileSync(file, 'export const answer = 42\n')
    const ended = await runCli(['describe', file])
    expect(ended).toMatchObject({ code: 2 })
    expect(ended.stderr).toMatch(/exports no topology: .* It exports answer/)
  })

  it('shows the version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string }
    expect(await runCli(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` })
  })
})

describe('millrace dev', () => {
  it('feeds a topology from a file, prints what it writes, and ends when all is processed', async () => {
    const args = ['dev', wordCountModule, '--http', '0', '--exit', '--print', 'counts']
    const ended = await runCli([...args, '--input', 'lines=examples/word-count/input.jsonl'])
    expect(ended).toMatchObject({ code: 0 })
    expect(ended.stderr).toContain(
      'topology runs with 8 tasks on a broker that lives in this process',
    )
    const last = new Map<string, number>()
    for (const line of ended.stdout.trim().split('\n')) {
      const { key, value } = JSON.parse(line) as { key: string; value: number }
      last.set(key, value)
    }
    const words = readFileSync('examples/word-count/input.jsonl', 'utf8')
      .trim()
      .split('\n')
      .flatMap((line) => (JSON.parse(line) as { value: string }).value.toLowerCase().split(' '))
    const expected = new Map<string, number>()
    for (const word of words) expected.set(word, (expected.get(word) ?? 0) + 1)
    expect(last).toEqual(expected)
    expect(last.get('mill')).toBe(3)
  })

  it('writes to a topic that the topology reads by a pattern', async () => {
    const module = join(folder, 'by-pattern.ts')
    const file = join(folder, 'tides.jsonl')
    writeFileSync(file, '{"key": "a", "value": "high"}\n')
    writeFileSync(
      module,
      `import { StreamsBuilder, topic, topics } from 'millrace'
import { string } from 'millrace/serdes'
const serdes = { key: string(), value: string() }
const builder = new StreamsBuilder()
builder.stream(topics(/tides-.*/, serdes)).to(topic('all-tides', serdes))
export default builder.build()
`,
    )
    const args = ['dev', module, '--http', '0', '--exit', '--print', 'all-tides', '--input']
    const ended = await runCli([...args, `tides-of-kent=${file}`])
    expect(ended).toMatchObject({ code: 0 })
    expect(JSON.parse(ended.stdout)).toMatchObject({ key: 'a', value: 'high' })
    expect(ended.stderr).toMatch(/reads +\/tides-\.\*\//)
    const other = await runCli([...args, `winds=${file}`])
    expect(other).toMatchObject({ code: 2 })
    expect(other.stderr).toMatch(/--input names the topic winds; the topology has \/tides-\.\*\//)
  })

  it('names file and line of an input that is no record, and the topics there are', async () => {
    const file = join(folder, 'bad.jsonl')
    writeFileSync(file, '{"key": "a", "value": "b"}\n\n[1]\n')
    const args = ['dev', wordCountModule, '--http', '0', '--exit', '--input']
    const bad = await runCli([...args, `lines=${file}`])
    expect(bad).toMatchObject({ code: 2 })
    expect(bad.stderr).toContain(`${file}:3 is no record`)
    const other = await runCli([...args, `words=${file}`])
    expect(other).toMatchObject({ code: 2 })
    expect(other.stderr).toMatch(/--input names the topic words; the topology has lines/)
  })
})

describe('millrace run', () => {
  it('drains at SIGTERM: what is in hand is committed, and the exit code is 0', async () => {
    const brokerFolder = join(folder, 'broker')
    const running = startCli(['run', '--config', 'test/cli/fixtures/embedded.config.ts'], {
      env: { BROKER_FOLDER: brokerFolder },
    })
    await running.untilPrinted(/from-file is running with 4 tasks, http:\/\/127.0.0.1:\d+/)
    running.child.kill('SIGTERM')
    const ended = await running.ended
    expect(ended).toMatchObject({ code: 0 })
    await using broker = new EmbeddedBroker({ folder: brokerFolder })
    const client = broker.open()
    const partitions = [0, 1].map((partition) => ({ topic: 'lines', partition }))
    const committed = await client.committedOffsets('from-file', partitions)
    expect(committed.reduce((sum, each) => sum + each.offset, 0)).toBeGreaterThan(0)
  })

  it('lets flags win over the environment, and the environment over the file', async () => {
    const args = ['run', '--config', 'test/cli/fixtures/embedded.config.ts']
    const env = { BROKER_FOLDER: join(folder, 'precedence'), MILLRACE_APPLICATION_ID: 'from-env' }
    const byEnvironment = startCli(args, { env })
    await byEnvironment.untilPrinted(/from-env is running/)
    byEnvironment.child.kill('SIGTERM')
    await byEnvironment.ended
    const byFlag = startCli([...args, '--application-id', 'from-flag'], { env })
    await byFlag.untilPrinted(/from-flag is running/)
    byFlag.child.kill('SIGTERM')
    expect(await byFlag.ended).toMatchObject({ code: 0 })
  })

  it('names what is missing, what is no setting, and a broker that does not answer', async () => {
    const none = await runCli(['run', wordCountModule])
    expect(none).toMatchObject({ code: 2 })
    expect(none.stderr).toMatch(/There is no broker: give --brokers .* MILLRACE_BROKERS/)
    const wrong = await runCli(['run', wordCountModule], { env: { MILLRACE_STATEDIR: 'x' } })
    expect(wrong).toMatchObject({ code: 2 })
    expect(wrong.stderr).toMatch(/MILLRACE_STATEDIR is no setting; did you mean MILLRACE_STATE_DIR/)
    const args = ['run', wordCountModule, '--brokers', '127.0.0.1:1', '--application-id', 'a']
    const away = await runCli([...args, '--processing-guarantee', 'at_least_once'])
    expect(away).toMatchObject({ code: 1 })
    expect(away.stderr).toMatch(/127\.0\.0\.1:1.*MILLRACE_BROKER_UNAVAILABLE/s)
  })
})

describe('millrace schemas', () => {
  const schemas = join(folder, 'schemas')

  it('generates TypeScript once, and checks that it is up to date', async () => {
    cpSync('schemas', schemas, { recursive: true })
    const args = ['schemas', 'generate', '--folder', schemas, '--out', join(folder, 'schemas.ts')]
    expect((await runCli(args)).stdout).toMatch(/^wrote .*PurchaseRecorded/)
    expect(await runCli([...args, '--check'])).toMatchObject({ code: 0 })
    expect(await runCli([...args, '--long', 'bigint', '--check'])).toMatchObject({ code: 1 })
  })

  it('fails a breaking change with the field named', async () => {
    const changed = join(folder, 'changed')
    mkdirSync(changed)
    cpSync('schemas', changed, { recursive: true })
    const file = join(changed, 'purchase-recorded.avsc')
    const schema = JSON.parse(readFileSync(file, 'utf8')) as { fields: object[] }
    schema.fields.push({ name: 'currency', type: 'string' })
    writeFileSync(file, JSON.stringify(schema))
    const ended = await runCli(['schemas', 'check', '--folder', changed, '--previous', 'schemas'])
    expect(ended).toMatchObject({ code: 1 })
    expect(ended.stdout).toMatch(/incompatible .*PurchaseRecorded.*\n.*currency/)
  })
})
