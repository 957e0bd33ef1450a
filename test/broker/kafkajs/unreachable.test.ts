import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { systemClock } from '../../../src/core/clock.ts'
import { BrokerError, BrokerUnavailableError, ConfigError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import { systemRandom } from '../../../src/core/random.ts'
import type { Broker } from '../../../src/broker/port.ts'
import { kafkajs, type KafkajsOptions } from '../../../src/broker/kafkajs/index.ts'
import { apis } from '../../../src/broker/kafkajs/protocol/api-keys.ts'
import { ByteWriter } from '../../../src/broker/kafkajs/protocol/byte-writer.ts'
import { ScriptedBroker } from './scripted-broker.ts'

const environment = {
  clock: systemClock,
  random: systemRandom,
  logger: silentLogger,
  clientId: 'test',
}
const open = (options: KafkajsOptions): Broker => kafkajs(options).open(environment)

async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('it succeeded')
    },
    (error: Error) => error,
  )
}

async function closedPort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** Takes every request in the version that is sent. */
function allVersions(): Buffer {
  const body = new ByteWriter().int16(0)
  body.compactArray(Object.values(apis), ({ apiKey, apiVersion }) =>
    body.int16(apiKey).int16(0).int16(apiVersion).noTags(),
  )
  return body.int32(0).noTags().bytes()
}

describe('a broker that cannot be reached', () => {
  it('is named with its addresses and the cause, within the timeout', async () => {
    const addresses = [`127.0.0.1:${await closedPort()}`, `127.0.0.1:${await closedPort()}`]
    await using broker = open({ brokers: addresses })
    const startedMs = performance.now()
    const error = await failureOf(broker.connect({ timeoutMs: 500 }))
    expect(performance.now() - startedMs).toBeLessThan(5000)
    expect(error).toBeInstanceOf(BrokerUnavailableError)
    for (const address of addresses) expect(error.message).toContain(`ECONNREFUSED ${address}`)
  })

  it('is the same error when it takes connections and never answers', async () => {
    await using silent = await ScriptedBroker.start(() => 'hang')
    await using broker = open({ brokers: [silent.address] })
    const error = await failureOf(broker.connect({ timeoutMs: 300 }))
    expect(error).toBeInstanceOf(BrokerUnavailableError)
    expect(error.message).toContain(silent.address)
    expect(error.message).toContain('300 ms')
  })

  it('is given up on its own connection timeout too', async () => {
    await using silent = await ScriptedBroker.start(() => 'hang')
    await using broker = open({ brokers: [silent.address], connectionTimeoutMs: 200 })
    const error = await failureOf(broker.connect({ timeoutMs: 1000 }))
    expect(error).toBeInstanceOf(BrokerUnavailableError)
    expect(error.message).toContain(silent.address)
  })

  it('is not waited for any longer once the signal is aborted', async () => {
    await using silent = await ScriptedBroker.start(() => 'hang')
    await using broker = open({ brokers: [silent.address] })
    const abort = new AbortController()
    const failure = failureOf(broker.connect({ signal: abort.signal, timeoutMs: 60_000 }))
    const reason = new Error('enough')
    abort.abort(reason)
    expect(await failure).toBe(reason)
  })

  it('does not keep the others of the list from answering', async () => {
    await using good = await ScriptedBroker.start(({ apiKey }) =>
      apiKey === apis.apiVersions.apiKey ? allVersions() : emptyMetadata(),
    )
    await using broker = open({ brokers: [`127.0.0.1:${await closedPort()}`, good.address] })
    await expect(broker.connect({ timeoutMs: 5000 })).resolves.toBeUndefined()
  })
})

function emptyMetadata(): Buffer {
  const body = new ByteWriter().int32(0).array([], () => undefined)
  return body
    .string(null)
    .int32(-1)
    .array([], () => undefined)
    .int32(0)
    .bytes()
}

describe('a broker whose answers are damaged', () => {
  it.each([0, 3, 7, 10])(
    'is an error that says so, not a hang: cut off after %i bytes',
    async (at) => {
      await using cut = await ScriptedBroker.start(({ apiKey }) =>
        apiKey === apis.apiVersions.apiKey ? allVersions() : emptyMetadata().subarray(0, at),
      )
      await using broker = open({ brokers: [cut.address] })
      const error = await failureOf(broker.connect({ timeoutMs: 5000 }))
      expect(error).toBeInstanceOf(BrokerError)
      expect(error.message).toContain('Metadata')
      expect(error.message).toContain('damaged')
    },
  )

  it('is an error when it claims more elements than it sends', async () => {
    const lying = new ByteWriter().int32(0).int32(0x7fffffff).bytes()
    await using broken = await ScriptedBroker.start(({ apiKey }) =>
      apiKey === apis.apiVersions.apiKey ? allVersions() : lying,
    )
    await using broker = open({ brokers: [broken.address] })
    const error = await failureOf(broker.connect({ timeoutMs: 5000 }))
    expect(error.message).toContain('2147483647 elements')
  })

  it('is asked again over a new connection when it closes the first', async () => {
    let requests = 0
    await using flaky = await ScriptedBroker.start(({ apiKey }) => {
      if (apiKey === apis.apiVersions.apiKey) return allVersions()
      requests++
      return requests === 1 ? 'close' : emptyMetadata()
    })
    await using broker = open({ brokers: [flaky.address] })
    await broker.connect({ timeoutMs: 10_000 })
    expect(requests).toBe(2)
  })
})

it('a broker that is too old is told by what it does not take', async () => {
  const unsupportedVersion = 35
  const old = new ByteWriter().int16(unsupportedVersion)
  old.array([apis.metadata], ({ apiKey }) => old.int16(apiKey).int16(0).int16(5))
  await using broker = await ScriptedBroker.start(() => old.bytes())
  await using client = open({ brokers: [broker.address] })
  const error = await failureOf(client.connect({ timeoutMs: 5000 }))
  expect(error.message).toContain('does not take')
  expect(error.message).toContain('Metadata v8')
  expect(error.message).toContain('Kafka 2.5')
})

describe('options that cannot be used', () => {
  it.each([
    [{ brokers: [] }, /'brokers' is empty/],
    [{ brokers: ['localhost'] }, /'localhost' is not an address like localhost:9092/],
    [{ brokers: ['localhost:99999'] }, /localhost:99999/],
    [{ brokers: ['localhost:9092'], requestTimeoutMs: 0 }, /'requestTimeoutMs' must be a positive/],
  ])('are refused when the connector is made: %j', (options, message) => {
    expect(() => kafkajs(options)).toThrow(ConfigError)
    expect(() => kafkajs(options)).toThrow(message)
  })

  it('are not contacted before a client connects', () => {
    const connector = kafkajs({ brokers: ['[::1]:1', 'nowhere.invalid:2'] })
    expect(connector.name).toBe('kafkajs [::1]:1,nowhere.invalid:2')
    expect(connector.open(environment).name).toBe(connector.name)
  })
})
