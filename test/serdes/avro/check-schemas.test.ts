import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/core/errors.ts'
import {
  checkSchemas,
  inProcessSchemaRegistry,
  registerSchemas,
  type SchemaRegistry,
} from 'millrace/serdes/avro'

let base: string
let folder: string
let registry: SchemaRegistry
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'millrace-check-'))
  folder = join(base, 'schemas')
  mkdirSync(folder)
  registry = inProcessSchemaRegistry()
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

function write(file: string, schema: unknown): void {
  const path = join(base, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, JSON.stringify(schema))
}

const order = (...fields: object[]): object => ({ type: 'record', name: 'shop.Order', fields })
const id = { name: 'id', type: 'string' }
const units = { name: 'units', type: 'int' }
const stock = { type: 'record', name: 'shop.Stock', fields: [id] }

describe('checkSchemas against a registry', () => {
  it('tells new, unchanged, compatible and incompatible schemas apart, and changes nothing', async () => {
    write('schemas/order.avsc', order(id))
    write('schemas/subjects.json', { 'orders-value': 'shop.Order', 'more-value': 'order.avsc' })
    const state = async (): Promise<unknown> => {
      const report = await checkSchemas({ folder, registry })
      return [report.ok, ...report.schemas.map((schema) => schema.state)]
    }
    expect(await state()).toEqual([true, 'new', 'new'])
    expect(await registry.versions('orders-value')).toEqual([])
    await registry.register('orders-value', JSON.stringify(order(id)))
    expect(await state()).toEqual([true, 'unchanged', 'new'])
    write('schemas/order.avsc', order(id, { ...units, default: 1 }))
    expect(await state()).toEqual([true, 'compatible', 'new'])
    write('schemas/order.avsc', order(id, units))
    expect(await state()).toEqual([false, 'incompatible', 'new'])
  })

  it('names the field and the rule of a breaking change', async () => {
    write('schemas/order.avsc', order(id, units))
    await registry.register('shop.Order', JSON.stringify(order(id)))
    const { ok, schemas } = await checkSchemas({ folder, registry })
    expect(ok).toBe(false)
    expect(schemas).toEqual([
      {
        name: 'shop.Order',
        against: 'subject shop.Order',
        state: 'incompatible',
        reasons: [
          'BACKWARD against version 1: field units is new and has no default, which earlier records need ' +
            '(READER_FIELD_MISSING_DEFAULT_VALUE)',
        ],
      },
    ])
  })

  it('refuses a subject for a schema that is not there', async () => {
    write('schemas/order.avsc', order(id))
    const checking = checkSchemas({ folder, registry, subjects: { 'a-value': 'shop.Ordre' } })
    await expect(checking).rejects.toThrow(ConfigError)
    await expect(checking).rejects.toThrow(/a-value is for shop.Ordre, .* it has shop.Order/)
  })

  it('refuses a subjects file that is none', async () => {
    write('schemas/order.avsc', order(id))
    write('schemas/subjects.json', { a: 5 })
    await expect(checkSchemas({ folder, registry })).rejects.toThrow(/subjects.json must be/)
  })
})

describe('checkSchemas against earlier files', () => {
  it('holds a schema against all earlier versions, in the order of their numbers', async () => {
    write('previous/order.2.avsc', order(id, units))
    write('previous/order.10.avsc', order(id))
    write('schemas/order.avsc', order(id, { ...units, type: 'string', default: '' }))
    const previousFolder = join(base, 'previous')
    const { ok, schemas } = await checkSchemas({ folder, previousFolder })
    expect(ok).toBe(false)
    expect(schemas[0]!.reasons).toEqual([
      'BACKWARD_TRANSITIVE against order.2.avsc: field units cannot read earlier records: it is string, ' +
        'they hold int (TYPE_MISMATCH)',
    ])
    const last = await checkSchemas({ folder, previousFolder, compatibility: 'BACKWARD' })
    expect(last).toMatchObject({ ok: true, schemas: [{ state: 'compatible' }] })
  })

  it('follows references between earlier files', async () => {
    const holder = {
      type: 'record',
      name: 'shop.Basket',
      fields: [{ name: 'order', type: 'shop.Order' }],
    }
    write('previous/a-basket.avsc', holder)
    write('previous/order.avsc', order(id))
    write('schemas/basket.avsc', holder)
    write('schemas/order.avsc', order(id, units))
    const { schemas } = await checkSchemas({ folder, previousFolder: join(base, 'previous') })
    expect(schemas.map((schema) => [schema.name, schema.state])).toEqual([
      ['shop.Basket', 'incompatible'],
      ['shop.Order', 'incompatible'],
    ])
    expect(schemas[0]!.reasons[0]).toMatch(/field order\.units is new/)
  })
})

describe('registerSchemas', () => {
  it('registers under each subject once', async () => {
    write('schemas/order.avsc', order(id))
    write('schemas/stock.avsc', stock)
    const subjects = { 'orders-value': 'shop.Order', 'stock-value': 'shop.Stock' }
    const first = await registerSchemas({ folder, registry, subjects })
    expect(first.ok).toBe(true)
    expect(first.schemas.map(({ state }) => state)).toEqual(['registered', 'registered'])
    expect(await registry.latest('stock-value')).toMatchObject({ id: first.schemas[1]!.id })
    const second = await registerSchemas({ folder, registry, subjects })
    expect(second.schemas.map(({ state }) => state)).toEqual(['unchanged', 'unchanged'])
    expect(second.schemas.map(({ id: each }) => each)).toEqual(
      first.schemas.map(({ id: each }) => each),
    )
  })

  it('registers none where one is refused', async () => {
    write('schemas/order.avsc', order(id, units))
    write('schemas/stock.avsc', stock)
    await registry.register('shop.Order', JSON.stringify(order(id)))
    const report = await registerSchemas({ folder, registry })
    expect(report.ok).toBe(false)
    expect(report.schemas).toMatchObject([
      { subject: 'shop.Order', state: 'refused', id: undefined },
      { subject: 'shop.Stock', state: 'skipped', id: undefined },
    ])
    expect(report.schemas[0]!.reasons[0]).toMatch(/field units/)
    expect(await registry.versions('shop.Stock')).toEqual([])
  })

  it('registers what a serde then finds', async () => {
    write('schemas/order.avsc', order(id))
    await registerSchemas({ folder, registry, subjects: { 'orders-value': 'shop.Order' } })
    const { avro } = await import('millrace/serdes/avro')
    const serde = avro({ schema: order(id) }, { autoRegister: false })
    await serde.bind!({ schemaRegistry: registry }).prepare!({ topic: 'orders', part: 'value' })
    expect(await registry.versions('orders-value')).toHaveLength(1)
  })
})
