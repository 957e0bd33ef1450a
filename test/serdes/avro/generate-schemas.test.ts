import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ConfigError } from '../../../src/core/errors.ts'
import { generateSchemas, type AvroRepresentation } from 'millrace/serdes/avro'

const root = fileURLToPath(new URL('../../../', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-generate-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function write(file: string, schema: unknown): void {
  const path = join(folder, file)
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, typeof schema === 'string' ? schema : JSON.stringify(schema))
}

function generate(forms: AvroRepresentation = {}): string {
  const out = join(folder, 'generated', 'schemas.ts')
  const report = generateSchemas({ folder, out, ...forms })
  expect(report).toMatchObject({ file: out, written: true })
  return readFileSync(out, 'utf8')
}

const order = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  doc: 'An order.\nIt has lines; */ is no end.',
  fields: [
    { name: 'id', type: 'string', doc: 'Names it.' },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'price', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'count', type: 'long', default: 0 },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'lines', type: { type: 'array', items: { type: 'map', values: ['null', 'int'] } } },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'DONE'] } },
    { name: 'address', type: 'Address' },
    { name: 'payment', type: ['null', 'shop.pay.Card', 'shop.pay.Cash'] },
    { name: 'parent', type: ['null', 'Order'], default: null },
    {
      name: 'mixed',
      type: { type: 'array', items: ['int', 'string', { type: 'array', items: 'bytes' }] },
    },
    { name: 'digest', type: { type: 'fixed', name: 'Digest', size: 4 } },
  ],
}

const address = {
  type: 'record',
  name: 'shop.Address',
  fields: [{ name: 'city', type: 'string' }],
}
const empty = (name: string): object => ({ type: 'record', name, fields: [] })

function writeShop(): void {
  write('order.avsc', order)
  write('z-address.avsc', address)
  write('pay/card.avsc', empty('shop.pay.Card'))
  write('pay/cash.avsc', empty('shop.pay.Cash'))
}

describe('generateSchemas', () => {
  it('writes a type and a constant for each Avro type, with its documentation', () => {
    writeShop()
    const text = generate()
    expect(text).toContain(`/**
 * An order.
 * It has lines; *\\/ is no end.
 */
export interface Order {
  /** Names it. */
  readonly id: string
  readonly at: number
  readonly day: number
  readonly price: string
  readonly count: number
  readonly note: null | string
  readonly lines: readonly Readonly<Record<string, null | number>>[]
  readonly state: State
  readonly address: Address
  readonly payment: null | { readonly 'shop.pay.Card': Card } | { readonly 'shop.pay.Cash': Cash }
  readonly parent: null | Order
  readonly mixed: readonly (number | string | (readonly Buffer[]))[]
  readonly digest: Digest
}`)
    expect(text).toContain(`export type State = 'OPEN' | 'DONE'`)
    expect(text).toContain(`export type Digest = Buffer`)
    expect(text).toContain(`export interface Card {}`)
    expect(text).toContain(`export const Order: AvroType<Order> = {`)
  })

  it('has longs as bigint and times as Date by choice', () => {
    writeShop()
    const text = generate({ long: 'bigint', dates: 'date' })
    expect(text).toContain('readonly count: bigint')
    expect(text).toContain('readonly at: Date')
    expect(text).toContain("long: 'bigint',\n  dates: 'date',")
  })

  it('gives schemas that stand by themselves', () => {
    writeShop()
    const text = generate()
    const schema = /export const Order:[^]*?schema:\s+'(.*)',/.exec(text)![1]!
    const parsed = JSON.parse(schema.replaceAll("\\'", "'").replaceAll('\\\\', '\\')) as {
      fields: { name: string; type: unknown }[]
    }
    expect(parsed.fields.find((field) => field.name === 'address')!.type).toMatchObject({
      name: 'Address',
      namespace: 'shop',
    })
    expect(parsed.fields.find((field) => field.name === 'parent')!.type).toEqual([
      'null',
      'shop.Order',
    ])
  })

  it('writes what TypeScript accepts under the strictest settings', () => {
    writeShop()
    write('events.avsc', ['shop.pay.Card', 'shop.pay.Cash'])
    generate({ long: 'bigint', dates: 'date' })
    write('package.json', { type: 'module' })
    const use = join(folder, 'generated', 'use.ts')
    writeFileSync(
      use,
      `import { avro } from 'millrace/serdes/avro'
       import { Events, Order } from './schemas.ts'
       const order: Order['parent'] = null
       export const serde: { readonly name: string } = avro(Order)
       export const state: Order['state'] = 'OPEN'
       export const event: Events = { 'shop.pay.Cash': {} }
       // @ts-expect-error There is no such state.
       export const wrong: Order['state'] = 'SHUT'
       export const both: unknown[] = [order, Events]`,
    )
    const host = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
    const { options } = ts.parseJsonConfigFileContent(host.config, ts.sys, root)
    const typeRoots = [join(root, 'node_modules', '@types')]
    const program = ts.createProgram([use], { ...options, typeRoots })
    const problems = ts
      .getPreEmitDiagnostics(program)
      .filter(({ file }) => file?.fileName.startsWith(folder.replaceAll('\\', '/')))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    expect(problems).toEqual([])
  })

  it('gives the same text whatever file is found first, and writes nothing a second time', () => {
    writeShop()
    const first = generate()
    const out = join(folder, 'generated', 'schemas.ts')
    expect(generateSchemas({ folder, out })).toMatchObject({ upToDate: true, written: false })
    expect(readFileSync(out, 'utf8')).toBe(first)
  })

  it('only looks with check, and says whether the file is right', () => {
    writeShop()
    const out = join(folder, 'out.ts')
    expect(generateSchemas({ folder, out, check: true })).toMatchObject({
      upToDate: false,
      written: false,
    })
    generateSchemas({ folder, out })
    expect(generateSchemas({ folder, out, check: true }).upToDate).toBe(true)
    write('pay/card.avsc', { ...empty('shop.pay.Card'), doc: 'Changed.' })
    expect(generateSchemas({ folder, out, check: true }).upToDate).toBe(false)
  })

  it('keeps quotes and backslashes of the documentation', () => {
    write('a.avsc', { ...address, doc: `It's a "path" \\ here` })
    const text = generate()
    const literal = /schema:\s+'(.*)',/.exec(text)![1]!
    const evaluated = literal.replaceAll(/\\(.)/g, '$1')
    expect(JSON.parse(evaluated)).toMatchObject({ doc: `It's a "path" \\ here` })
  })

  it('tells two types of the same short name apart', () => {
    write('a.avsc', { type: 'enum', name: 'shop.Kind', symbols: ['A'] })
    write('b.avsc', { type: 'enum', name: 'stock.Kind', symbols: ['B'] })
    const text = generate()
    expect(text).toContain(`export type ShopKind = 'A'`)
    expect(text).toContain(`export type StockKind = 'B'`)
  })

  it.each([
    ['no JSON', '{', /a.avsc: it is not JSON/],
    [
      'a name nobody defines',
      { ...address, fields: [{ name: 'x', type: 'Nowhere' }] },
      /a.avsc: shop.Address.x refers to shop.Nowhere/,
    ],
    [
      'a field without a type',
      { ...address, fields: [{ name: 'x' }] },
      /shop.Address.x must be a type/,
    ],
    [
      'a field twice',
      {
        ...address,
        fields: [
          { name: 'x', type: 'int' },
          { name: 'x', type: 'int' },
        ],
      },
      /field x twice/,
    ],
    [
      'a default of another type',
      { ...address, fields: [{ name: 'x', type: 'int', default: 'a' }] },
      /shop.Address.*default "a"/,
    ],
    ['an invalid name', { ...address, name: 'no good' }, /no valid name/],
    ['a union twice of a kind', ['int', 'int'], /has int twice/],
    ['an enum without symbols', { type: 'enum', name: 'E', symbols: [] }, /without valid symbols/],
  ])('refuses %s, naming file and place', (_what, schema, message) => {
    write('a.avsc', schema)
    expect(() => generate()).toThrow(ConfigError)
    expect(() => generate()).toThrow(message)
  })

  it('refuses a type that two files define', () => {
    write('a.avsc', address)
    write('b.avsc', { ...order, fields: [{ name: 'address', type: address }] })
    expect(() => generate()).toThrow(/shop.Address is defined in a.avsc already/)
  })

  it('refuses a folder that is not there', () => {
    const missing = join(folder, 'missing')
    expect(() => generateSchemas({ folder: missing, out: join(folder, 'x.ts') })).toThrow(missing)
  })

  it('the example’s generated file is up to date', () => {
    const out = join(root, 'examples/customer-360/generated/schemas.ts')
    const report = generateSchemas({
      folder: join(root, 'schemas'),
      out,
      long: 'bigint',
      check: true,
    })
    expect(report.upToDate).toBe(true)
  })
})
