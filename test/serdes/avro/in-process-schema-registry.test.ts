import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LifecycleError, SchemaRegistryError } from '../../../src/core/errors.ts'
import { inProcessSchemaRegistry, type SchemaRegistry } from 'millrace/serdes/avro'
import { schemaRegistryContract } from './schema-registry-contract.ts'

let shared: SchemaRegistry | undefined
schemaRegistryContract({
  name: 'in process',
  open: async () => (shared = inProcessSchemaRegistry()),
  close: async () => shared?.close(),
})

describe('the registry in process', () => {
  let folder: string
  let file: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'millrace-registry-'))
    file = join(folder, 'deep', 'schemas.json')
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  it('keeps ids, versions and levels in a file over a restart', async () => {
    const first = inProcessSchemaRegistry({ file })
    await first.register('a-value', '"string"')
    await first.setCompatibility('b-value', 'NONE')
    const id = await first.register('b-value', '"long"')
    await first.close()
    const second = inProcessSchemaRegistry({ file })
    expect(await second.lookup('b-value', '"long"')).toBe(id)
    expect(await second.compatibility('b-value')).toBe('NONE')
    expect(await second.compatibility('a-value')).toBe('BACKWARD')
    expect(await second.register('c-value', '"int"')).toBe(id + 1)
  })

  it('refuses a damaged file, saying which, and leaves it as it is', () => {
    file = join(folder, 'schemas.json')
    writeFileSync(file, '{"schemas": [')
    expect(() => inProcessSchemaRegistry({ file })).toThrow(SchemaRegistryError)
    expect(() => inProcessSchemaRegistry({ file })).toThrow(file)
    expect(readFileSync(file, 'utf8')).toBe('{"schemas": [')
  })

  it('is of no use after it was closed, and closing twice is harmless', async () => {
    const registry = inProcessSchemaRegistry()
    await registry.close()
    await registry.close()
    await expect(registry.versions('a')).rejects.toThrow(LifecycleError)
  })

  it('refuses a level that is none', async () => {
    const registry = inProcessSchemaRegistry()
    await expect(registry.setCompatibility('a', 'SIDEWAYS' as never)).rejects.toThrow(/SIDEWAYS/)
  })
})
