import { describe, expect, it } from 'vitest'
import { LifecycleError } from '../../../src/core/errors.ts'
import type { Broker } from '../../../src/broker/port.ts'
import type { ContractSuite } from './contract-suite.ts'
import { uniqueName } from './contract-suite.ts'
import { onlyMember } from './group-driving.ts'
import { beginnings } from './reading.ts'

export function describeLifecycle(suite: ContractSuite): void {
  describe('clients', () => {
    it('connect to a broker that answers, and say what they are called', async () => {
      const client = suite.client()
      await client.connect()
      await client.connect({ timeoutMs: 10_000, signal: new AbortController().signal })
      expect(client.name).not.toBe('')
    })

    it('can be closed twice, also by `await using`, without disturbing others', async () => {
      const other = suite.client()
      let closed: Broker
      {
        await using client = suite.client()
        await client.connect()
        await client.close()
        closed = client
      }
      await closed.close()
      await other.connect()
      expect(await other.listTopics()).toBeInstanceOf(Array)
    })

    it('answer nothing after closing', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      await client.close()
      await expect(client.listTopics()).rejects.toThrow()
      await expect(client.openProducer({})).rejects.toThrow()
      const at = [{ topic, partition: 0 }]
      await expect(client.listOffsets(at, 'latest', 'read_committed')).rejects.toThrow()
    })

    it('close what they opened along with themselves', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic)
      const fetcher = client.openFetcher({ isolation: 'read_committed' })
      fetcher.assign(beginnings(topic))
      const membership = client.openGroup(onlyMember(uniqueName('group')))
      await membership.join()
      const polling = fetcher.poll({ timeoutMs: 60_000 })
      polling.catch(() => undefined)
      await client.close()
      await expect(polling).rejects.toThrow()
      await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(LifecycleError)
      expect(() => producer.send(topic, 0, 0, null, null)).toThrow(LifecycleError)
      await expect(membership.join()).rejects.toThrow(LifecycleError)
    })

    it('have fetchers, producers and memberships that can be closed twice', async () => {
      const client = suite.client()
      const topic = await suite.topic(client)
      const producer = await suite.producer(client, topic)
      const fetcher = client.openFetcher({ isolation: 'read_uncommitted' })
      const membership = client.openGroup(onlyMember(uniqueName('group')))
      for (const each of [producer, fetcher, membership]) {
        await each.close()
        await each.close()
        await each[Symbol.asyncDispose]()
      }
      await expect(fetcher.poll({ timeoutMs: 0 })).rejects.toThrow(LifecycleError)
      await expect(producer.flush()).rejects.toThrow(LifecycleError)
      await expect(membership.join()).rejects.toThrow(LifecycleError)
    })
  })
}
