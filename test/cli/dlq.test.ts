import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { EmbeddedBroker } from '../../src/broker/embedded/index.ts'
import { readAll } from '../runtime/worker-harness.ts'
import { runCli, type Ended } from './run-cli.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-dlq-'))
const header = (key: string, value: string): { key: string; value: Buffer } => ({
  key: `__streams.errors.${key}`,
  value: Buffer.from(value),
})

beforeAll(async () => {
  await using broker = new EmbeddedBroker({ folder })
  const client = broker.open()
  await client.createTopics([
    { name: 'from-file-dead-letters', partitions: 1 },
    { name: 'lines', partitions: 2 },
  ])
  const producer = await client.openProducer({})
  const place = [header('topic', 'lines'), header('partition', '1')]
  const told = (offset: number, name: string): { key: string; value: Buffer }[] => [
    ...place,
    header('offset', String(offset)),
    header('exception', name),
    header('message', `The processor\nfailed: ${'long '.repeat(40)}`),
  ]
  const send = (timestampMs: number, value: Buffer, headers: ReturnType<typeof told>): void =>
    producer.send('from-file-dead-letters', 0, timestampMs, Buffer.from('k'), value, headers)
  send(1_000, Buffer.from('text'), told(7, 'ProcessingError'))
  send(2_000, Buffer.from([0xff, 0x00]), told(9, 'DeserializationError'))
  await producer.close()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const dlq = (...args: string[]): Promise<Ended> => {
  const config = ['--config', 'test/cli/fixtures/dead-letters.config.ts']
  return runCli(['dlq', ...args, ...config], { env: { BROKER_FOLDER: folder } })
}

describe('millrace dlq', () => {
  it('lists what failed as a table, and as JSON with bytes that are no text in base64', async () => {
    const table = await dlq('list')
    expect(table).toMatchObject({ code: 0, stderr: '' })
    const [head, first, second] = table.stdout.split('\n')
    expect(head).toMatch(/^letter +came from +time +error +tries +redriven +message$/)
    expect(first).toMatch(/^0:0 +lines-1@7 +1970-01-01T00:00:01.000Z +ProcessingError +1 +no +The/)
    expect(first).toMatch(/The processor failed: long .*…$/)
    expect(second).toMatch(/lines-1@9 .*DeserializationError/)
    const json = await dlq('list', '--format', 'json', '--offsets', '8..')
    expect(JSON.parse(json.stdout)).toMatchObject({
      offset: 1,
      key: 'k',
      valueBase64: '/wA=',
      origin: { topic: 'lines', partition: 1, offset: 9 },
      isRedriven: false,
    })
  })

  it('redrives each once, after saying what it would do', async () => {
    const dry = await dlq('redrive', '--dry-run', '--error', 'ProcessingError')
    expect(dry.stdout).toBe('0:0 would go to lines-1\n1 would be redriven, 0 kept\n')
    const done = await dlq('redrive', '--until', '1970-01-01T00:00:01Z')
    expect(done).toMatchObject({ code: 0, stdout: '1 redriven, 0 kept\n' })
    const pending = await dlq('list', '--pending', '--format', 'json')
    expect(JSON.parse(pending.stdout)).toMatchObject({ offset: 1 })
    expect((await dlq('redrive', '--to-partition', '0')).stdout).toBe('1 redriven, 0 kept\n')
    await using broker = new EmbeddedBroker({ folder })
    expect(await readAll(broker, 'lines')).toMatchObject([
      { partition: 0, valueBytes: Buffer.from([0xff, 0x00]), timestampMs: 2_000 },
      { partition: 1, value: 'text', timestampMs: 1_000 },
    ])
  })

  it('says what is wrong with what it is told', async () => {
    const offsets = await dlq('list', '--offsets', 'few')
    expect(offsets).toMatchObject({ code: 2 })
    expect(offsets.stderr).toMatch(/expected from..to/)
    const other = await dlq('list', '--application-id', 'other')
    expect(other).toMatchObject({ code: 1 })
    expect(other.stderr).toMatch(/no dead-letter topic other-dead-letters/)
  })
})
