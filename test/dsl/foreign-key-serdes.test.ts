import { readFileSync } from 'node:fs'
import { string, type Serde, type SerdeContext } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { DeserializationError } from '../../src/core/errors.ts'
import { murmur3Hash128 } from '../../src/core/murmur3.ts'
import { PseudoTopics } from '../../src/dsl/foreign-key-join/pseudo-topics.ts'
import {
  subscriptionKeySerde,
  subscriptionPrefix,
} from '../../src/dsl/foreign-key-join/subscription-key-serde.ts'
import { subscriptionResponseSerde } from '../../src/dsl/foreign-key-join/subscription-response-serde.ts'
import { subscriptionSerde } from '../../src/dsl/foreign-key-join/subscription-serde.ts'
import type { Instruction } from '../../src/dsl/foreign-key-join/subscription.ts'

interface Formats {
  readonly subscriptions: readonly {
    readonly hash: string | null
    readonly instruction: Instruction
    readonly primaryKey: string
    readonly primaryPartition: number | null
    readonly bytes: string
  }[]
  readonly responses: readonly {
    readonly hash: string | null
    readonly foreignValue: string | null
    readonly bytes: string
  }[]
  readonly hashes: readonly { readonly data: string; readonly hash: string }[]
}

const golden = new URL('../golden/foreign-key-formats.json', import.meta.url)
const formats = JSON.parse(readFileSync(golden, 'utf8')) as Formats
const topics = new PseudoTopics('subscriptions', 'store')
const context: SerdeContext = { topic: 'app-subscriptions', part: 'value' }
const stored: SerdeContext = { topic: 'app-store-changelog', part: 'key' }

function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex')
}

/** Text, with a note of what it is asked to do for which topic. */
function noting(name: string, notes: string[], waits = false): Serde<string> {
  const serde: Serde<string> = {
    ...string(),
    resolve(values, { topic }) {
      notes.push(...values.map((bytes) => `${name} of ${topic} resolves ${bytes.toString()}`))
      return waits ? Promise.resolve() : undefined
    },
    prepare: async ({ topic }) => void notes.push(`${name} prepares ${topic}`),
    bind: () => {
      notes.push(`${name} is bound`)
      return serde
    },
  }
  return serde
}

describe('a foreign-key join writes and reads as Kafka Streams does:', () => {
  it.each(formats.subscriptions)('a subscription, $bytes', (row) => {
    const serde = subscriptionSerde(string(), topics)
    const subscription = {
      hash: row.hash === null ? null : bytesOf(row.hash),
      instruction: row.instruction,
      primaryKey: row.primaryKey,
      primaryPartition: row.primaryPartition ?? undefined,
    }
    expect(serde.serialize(subscription, context).toString('hex')).toBe(row.bytes)
    expect(serde.deserialize(bytesOf(row.bytes), context)).toEqual(subscription)
  })

  it.each(formats.responses)('an answer, $bytes', (row) => {
    const serde = subscriptionResponseSerde(string())
    const hash = row.hash === null ? null : bytesOf(row.hash)
    const response = { hash, foreignValue: row.foreignValue, primaryPartition: undefined }
    expect(serde.serialize(response, context).toString('hex')).toBe(row.bytes)
    expect(serde.deserialize(bytesOf(row.bytes), context)).toEqual(response)
  })

  it.each(formats.hashes)('the hash of $data', ({ data, hash }) => {
    expect(murmur3Hash128(bytesOf(data)).toString('hex')).toBe(hash)
  })
})

describe('what is no record of a foreign-key join is refused, with the topic and the reason:', () => {
  const subscription = subscriptionSerde(string(), topics)
  const response = subscriptionResponseSerde(string())
  const key = subscriptionKeySerde(string(), string(), topics)

  it.each([
    ['no bytes', subscription, '', /has 0 bytes only/],
    ['a subscription of a later version', subscription, '8202', /version 2, .* up to 1/],
    ['a subscription without its hash', subscription, '0103ff', /has 3 bytes only/],
    ['a subscription without its partition', subscription, '8103ff', /cut off/],
    ['an unknown instruction', subscription, '8107000000', /cut off|instruction 7/],
    ['an answer of a later version', response, '81', /version 1, .* up to 0/],
    ['a key without its length', key, '0000', /cut off/],
    ['a key that is shorter than it says', key, '0000000561', /cut off/],
    ['a key of negative length', key, 'ffffffff61', /cut off/],
  ] as const)('%s', (_name, serde, hex, reason) => {
    const reading = (): unknown => serde.deserialize(bytesOf(hex), context)
    expect(reading).toThrow(DeserializationError)
    expect(reading).toThrow(reason)
    expect(reading).toThrow(/app-subscriptions/)
    // Looking ahead leaves it to reading to say so.
    expect(() => serde.resolve?.([bytesOf(hex)], context)).not.toThrow()
  })
})

describe('the serdes of a foreign-key join', () => {
  it('keep the subscriptions to one foreign key together, and apart from those to longer ones', () => {
    const serde = subscriptionKeySerde(string(), string(), topics)
    const prefix = subscriptionPrefix(Buffer.from('r1'))
    const begins = (foreignKey: string): boolean =>
      serde
        .serialize({ foreignKey, primaryKey: '1' }, stored)
        .subarray(0, prefix.length)
        .equals(prefix)
    expect(begins('r1')).toBe(true)
    expect(begins('r11')).toBe(false)
    expect(begins('r')).toBe(false)
  })

  it('ask the inner serdes to resolve, prepare and bind, for topics of their own', async () => {
    const notes: string[] = []
    const pk = noting('pk', notes)
    const fk = noting('fk', notes, true)
    const subscription = subscriptionSerde(pk, topics)
    const keys = subscriptionKeySerde(fk, pk, topics)
    const answers = subscriptionResponseSerde(noting('value', notes))
    const written = subscription.serialize(
      { hash: null, instruction: 3, primaryKey: 'k', primaryPartition: 1 },
      context,
    )
    await subscription.resolve!([written, Buffer.alloc(0)], context)
    await keys.resolve!(
      [keys.serialize({ foreignKey: 'f', primaryKey: 'k' }, stored), Buffer.alloc(0)],
      stored,
    )
    await answers.resolve!([bytesOf('80'), bytesOf('8076'), Buffer.alloc(0)], context)
    await subscription.prepare!(context)
    await keys.prepare!(stored)
    await answers.prepare!(context)
    for (const serde of [subscription, keys, answers]) serde.bind!({})
    expect(notes).toEqual([
      'pk of app-subscriptions-pk resolves k',
      'fk of app-subscriptions-fk resolves f',
      'pk of app-subscriptions-pk resolves k',
      'value of app-subscriptions resolves v',
      'pk prepares app-subscriptions-pk',
      'fk prepares app-subscriptions-fk',
      'pk prepares app-subscriptions-pk',
      'value prepares app-subscriptions',
      'pk is bound',
      'fk is bound',
      'pk is bound',
      'value is bound',
    ])
  })
})
