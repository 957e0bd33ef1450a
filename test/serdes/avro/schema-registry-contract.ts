import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { SchemaIncompatibleError } from '../../../src/core/errors.ts'
import { avro, type Compatibility, type SchemaRegistry } from 'millrace/serdes/avro'

/** One registry that the contract is run on. */
export interface RegistryUnderTest {
  readonly name: string
  open(): Promise<SchemaRegistry>
  close(): Promise<void>
}

interface Field {
  readonly name: string
  readonly type: unknown
  readonly default?: unknown
  readonly aliases?: readonly string[]
}

const record = (...fields: Field[]): string =>
  JSON.stringify({ type: 'record', name: 'PurchaseRecorded', namespace: 'shop', fields })

const id: Field = { name: 'id', type: 'string' }
const units: Field = { name: 'units', type: 'int' }
const unitsWithDefault: Field = { ...units, default: 1 }

let subjects = 0

/** What every schema registry must do, in process or over HTTP. */
export function schemaRegistryContract(underTest: RegistryUnderTest): void {
  describe(`schema registry contract: ${underTest.name}`, () => {
    let registry: SchemaRegistry
    let subject: string

    beforeAll(async () => {
      registry = await underTest.open()
    })
    afterAll(() => underTest.close())
    beforeEach(() => {
      subject = `contract-${++subjects}/ä-value`
    })

    /** Registers schemas whatever they change; not every registry gives a level to a subject without a schema. */
    const registerAt = async (level: Compatibility, ...schemas: string[]): Promise<number[]> => {
      const ids = [await registry.register(subject, schemas[0]!)]
      await registry.setCompatibility(subject, 'NONE')
      for (const schema of schemas.slice(1)) ids.push(await registry.register(subject, schema))
      await registry.setCompatibility(subject, level)
      return ids
    }

    it('gives one id to all who register the first schema of a subject at once', async () => {
      const registering = Array.from({ length: 4 }, () => registry.register(subject, record(id)))
      const ids = await Promise.all(registering)
      expect(new Set(ids).size).toBe(1)
      expect(await registry.versions(subject)).toHaveLength(1)
    })

    it('registers a schema once and gives its id, version and text back', async () => {
      const first = await registry.register(subject, record(id))
      expect(await registry.register(subject, record(id))).toBe(first)
      expect(JSON.parse((await registry.schemaById(first))!)).toMatchObject({
        name: 'PurchaseRecorded',
      })
      expect(await registry.latest(subject)).toMatchObject({ id: first, version: 1 })
      expect(await registry.versions(subject)).toHaveLength(1)
    })

    it('gives the same schema the same id under another subject', async () => {
      const first = await registry.register(subject, record(id))
      expect(await registry.register(`${subject}-2`, record(id))).toBe(first)
    })

    it('looks a schema up without registering it', async () => {
      expect(await registry.lookup(subject, record(id))).toBeUndefined()
      const first = await registry.register(subject, record(id))
      expect(await registry.lookup(subject, record(id))).toBe(first)
      expect(await registry.lookup(subject, record(id, units))).toBeUndefined()
      expect(await registry.versions(subject)).toHaveLength(1)
    })

    it('finds a schema whose text differs only in the order of its keys and white space', async () => {
      const first = await registry.register(subject, record(id))
      const same = `{ "fields": [{ "type": "string", "name": "id" }],
        "name": "shop.PurchaseRecorded", "type": "record" }`
      expect(await registry.lookup(subject, same)).toBe(first)
    })

    it('answers undefined or empty for what it does not know', async () => {
      expect(await registry.schemaById(987_654_321)).toBeUndefined()
      expect(await registry.latest(subject)).toBeUndefined()
      expect(await registry.versions(subject)).toEqual([])
      expect(await registry.checkCompatibility(subject, record(id))).toEqual([])
    })

    it('numbers versions from one, oldest first', async () => {
      const ids = await registerAt('NONE', record(id), record(id, units))
      const versions = await registry.versions(subject)
      expect(versions.map((version) => [version.version, version.id])).toEqual([
        [1, ids[0]],
        [2, ids[1]],
      ])
      expect(await registry.latest(subject)).toMatchObject({ version: 2, id: ids[1] })
    })

    it('keeps a compatibility level for each subject', async () => {
      await registry.register(subject, record(id))
      for (const level of ['FULL_TRANSITIVE', 'FORWARD', 'NONE'] as const) {
        await registry.setCompatibility(subject, level)
        expect(await registry.compatibility(subject)).toBe(level)
      }
    })

    const added = [record(id), record(id, units)] as const
    const addedWithDefault = [record(id), record(id, unitsWithDefault)] as const
    const removed = [record(id, units), record(id)] as const
    const removedWithDefault = [record(id, unitsWithDefault), record(id)] as const
    const widened = [record(units), record({ ...units, type: 'long' })] as const
    const verdicts: [Compatibility, string, readonly [string, string], boolean][] = [
      ['NONE', 'a changed type', [record(units), record({ ...units, type: 'string' })], true],
      ['BACKWARD', 'a new field without default', added, false],
      ['BACKWARD', 'a new field with a default', addedWithDefault, true],
      ['BACKWARD', 'a removed field', removed, true],
      ['BACKWARD', 'int to long', widened, true],
      ['BACKWARD', 'int to string', [record(units), record({ ...units, type: 'string' })], false],
      ['FORWARD', 'a new field without default', added, true],
      ['FORWARD', 'a removed field without default', removed, false],
      ['FORWARD', 'a removed field with a default', removedWithDefault, true],
      ['FORWARD', 'int to long', widened, false],
      ['FULL', 'a new field with a default', addedWithDefault, true],
      ['FULL', 'a new field without default', added, false],
      ['FULL', 'a removed field without default', removed, false],
      ['FULL', 'a removed field with a default', removedWithDefault, true],
    ]
    it.each(verdicts)('%s: %s', async (level, _change, [before, after], allowed) => {
      await registerAt(level, before)
      const reasons = await registry.checkCompatibility(subject, after)
      if (allowed) {
        expect(reasons).toEqual([])
        expect(await registry.register(subject, after)).toEqual(expect.any(Number))
        expect(await registry.versions(subject)).toHaveLength(2)
      } else {
        expect(reasons.join()).toMatch(new RegExp(`${level} against version 1: .*field units`))
        const refused = registry.register(subject, after)
        await expect(refused).rejects.toThrow(SchemaIncompatibleError)
        await expect(refused).rejects.toThrow(/field units/)
        expect(await registry.versions(subject)).toHaveLength(1)
      }
    })

    it.each([
      [
        'BACKWARD',
        [record(units), record(id)],
        record(id, { ...units, type: 'string', default: '' }),
      ],
      ['FORWARD', [record(id, units), record(id, unitsWithDefault)], record(id)],
      ['FULL', [record(id, units), record(id, unitsWithDefault)], record(id)],
    ] as const)(
      'only %s_TRANSITIVE looks beyond the last version',
      async (level, before, after) => {
        await registerAt(level, ...before)
        expect(await registry.checkCompatibility(subject, after)).toEqual([])
        await registry.setCompatibility(subject, `${level}_TRANSITIVE`)
        const reasons = await registry.checkCompatibility(subject, after)
        expect(reasons.join()).toMatch(/_TRANSITIVE against version 1: field units/)
      },
    )

    it('refuses a schema that is none', async () => {
      const invalid = '{"type":"record","name":"X"}'
      await expect(registry.register(subject, invalid)).rejects.toThrow(/subject/)
    })

    it('carries Avro from one application to another that was written later', async () => {
      const topic = `contract-${subjects}`
      const context = { topic, part: 'value' } as const
      const v1 = { type: 'record', name: 'shop.Order', fields: [{ name: 'id', type: 'string' }] }
      const v2 = {
        ...v1,
        fields: [
          { name: 'orderId', type: 'string', aliases: ['id'] },
          { name: 'units', type: 'int', default: 7 },
        ],
      }
      const level = `${topic}-value`
      const writer = avro({ schema: v1 }).bind!({ schemaRegistry: registry })
      await writer.prepare!(context)
      await registry.setCompatibility(level, 'NONE')
      const message = writer.serialize({ id: 'a' } as never, context)
      const reader = avro({ schema: v2 }).bind!({ schemaRegistry: registry })
      await reader.resolve!([message, message], context)
      expect(reader.deserialize(message, context)).toStrictEqual({ orderId: 'a', units: 7 })
    })
  })
}
