import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { ConfigError, LifecycleError, SchemaRegistryError } from '../../../src/core/errors.ts'
import { avro, schemaRegistry, type SchemaRegistryOptions } from 'millrace/serdes/avro'

type Answer = readonly [status: number, body?: unknown] | 'never'

const servers: Server[] = []

/** A server that answers as told, in turn; the last answer is for all that follow. */
async function serve(...answers: Answer[]): Promise<{ url: string; requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]!
    requests.push(request)
    if (answer === 'never') return
    response.writeHead(answer[0], { 'content-type': 'application/json' })
    response.end(answer[1] === undefined ? '' : JSON.stringify(answer[1]))
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests }
}

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A client that does not wait between its attempts. */
function client(options: SchemaRegistryOptions): ReturnType<typeof schemaRegistry> {
  return schemaRegistry({ retries: 0, ...options })
}

describe('a registry over HTTP that misbehaves', () => {
  it('that cannot be reached is an error naming the address, for every request', async () => {
    const { url } = await serve([200])
    const server = servers.pop()!
    await new Promise((resolve) => server.close(resolve))
    const registry = client({ url })
    for (const ask of [
      () => registry.register('s', '"int"'),
      () => registry.lookup('s', '"int"'),
      () => registry.schemaById(1),
      () => registry.versions('s'),
      () => registry.checkCompatibility('s', '"int"'),
    ]) {
      const request = ask()
      await expect(request).rejects.toThrow(SchemaRegistryError)
      await expect(request).rejects.toThrow(
        new RegExp(`Cannot reach the schema registry at ${url} `),
      )
      await expect(request).rejects.toMatchObject({ retriable: true, scope: 'application' })
    }
  })

  it('stops an application at start, and a batch, with that error', async () => {
    const { url } = await serve([503, { message: 'starting' }])
    const serde = avro({ schema: 'int' }).bind!({ schemaRegistry: client({ url }) })
    const context = { topic: 't', part: 'value' } as const
    await expect(serde.prepare!(context)).rejects.toThrow(/status 503.*starting/)
    const batch = [Buffer.from([0, 0, 0, 0, 1, 2])]
    await expect(Promise.resolve(serde.resolve!(batch, context))).rejects.toThrow(
      SchemaRegistryError,
    )
  })

  it('that does not answer is given up after the time limit', async () => {
    const { url } = await serve('never')
    const registry = client({ url, timeoutMs: 50 })
    await expect(registry.schemaById(1)).rejects.toThrow(/no answer within 50 ms/)
    await expect(registry.lookup('s', '"int"')).rejects.toThrow(/Cannot reach/)
  })

  it('that fails for a moment is asked again', async () => {
    const { url, requests } = await serve([500, 'oops'], [503], [200, { schema: '"int"' }])
    expect(await client({ url, retries: 2 }).schemaById(1)).toBe('"int"')
    expect(requests).toHaveLength(3)
  })

  it('that refuses is not asked again', async () => {
    const { url, requests } = await serve([422, { error_code: 42201, message: 'Invalid schema' }])
    const registering = client({ url, retries: 3 }).register('s', '"int"')
    await expect(registering).rejects.toThrow(
      /refused the schema for subject s: status 422, code 42201: Invalid schema/,
    )
    await expect(registering).rejects.toMatchObject({ retriable: false })
    expect(requests).toHaveLength(1)
  })

  it('that wants a password says so', async () => {
    const { url } = await serve([401, { error_code: 401, message: 'Unauthorized' }])
    await expect(client({ url }).schemaById(1)).rejects.toThrow(
      /refused .*status 401: Unauthorized/,
    )
  })

  it('that is no registry does not make records undecodable', async () => {
    const { url } = await serve([404, 'no such page'])
    const registry = client({ url })
    await expect(registry.schemaById(1)).rejects.toThrow(
      /There is no schema registry at .*\/apis\/ccompat\/v7/,
    )
  })

  it('knows no schema only where it says so itself', async () => {
    const { url } = await serve([404, { error_code: 40403, message: 'Schema not found' }])
    expect(await client({ url }).schemaById(1)).toBeUndefined()
  })

  it('that has a schema of another kind for an id says which', async () => {
    const { url } = await serve([200, { schema: '{}', schemaType: 'JSON' }])
    await expect(client({ url }).schemaById(9)).rejects.toThrow(/id 9 .* is JSON, not Avro/)
  })
})

describe('the client', () => {
  it.each([
    [{ username: 'ann', password: 'p:w' }, `Basic ${Buffer.from('ann:p:w').toString('base64')}`],
    [{ token: 'abc' }, 'Bearer abc'],
    [{}, undefined],
  ])('sends credentials with every request: %#', async (credentials, header) => {
    const { url, requests } = await serve([404, { error_code: 40403, message: '' }])
    const registry = client({ url, ...credentials })
    await registry.schemaById(1)
    await registry.lookup('s', '"int"')
    expect(requests.map((request) => request.headers.authorization)).toEqual(
      requests.map(() => header),
    )
    expect(requests.length).toBeGreaterThan(1)
  })

  it('takes credentials out of the address, and shows them nowhere', async () => {
    const { url, requests } = await serve([500, { message: 'down' }])
    const registry = client({ url: url.replace('//', '//ann:secret@') })
    const asking = registry.schemaById(1)
    await expect(asking).rejects.toThrow(SchemaRegistryError)
    await expect(asking).rejects.not.toThrow(/secret/)
    expect(requests[0]!.headers.authorization).toMatch(/^Basic /)
  })

  it('keeps the path of the address, with or without a slash at its end', async () => {
    const { url, requests } = await serve([404, { error_code: 40403, message: '' }])
    const registry = client({ url: `${url}/apis/ccompat/v7/` })
    await registry.schemaById(1)
    await registry.lookup('a/b', '"int"')
    expect(requests.map((request) => request.url)).toEqual([
      '/apis/ccompat/v7/schemas/ids/1',
      '/apis/ccompat/v7/subjects/a%2Fb',
      '/apis/ccompat/v7/subjects/a%2Fb/versions',
    ])
  })

  it.each(['localhost:8081', 'ftp://x', ''])('refuses the address %j', (url) => {
    expect(() => schemaRegistry({ url })).toThrow(ConfigError)
  })

  it('ends what is under way when it is closed, and does nothing after it', async () => {
    const { url, requests } = await serve('never')
    const registry = client({ url })
    const ended = registry.schemaById(1).catch((error: unknown) => error)
    await expect.poll(() => requests.length).toBe(1)
    await registry.close()
    expect(await ended).toBeInstanceOf(LifecycleError)
    await expect(registry.latest('s')).rejects.toThrow(LifecycleError)
    await registry.close()
  })
})
