import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { rocksDbState } from '../../../src/state/rocksdb/index.ts'
import { workingBindings } from './working-bindings.ts'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-id-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

const idIn = async (name: string): Promise<string> => {
  await using state = rocksDbState({ folder: join(folder, name), binding: workingBindings[0]! })
  return await state.processId!()
}

it('a state folder names the worker that it belongs to, also after a restart', async () => {
  const first = await idIn('a')
  expect(first).toMatch(/^[0-9a-f-]{36}$/)
  expect(await idIn('a')).toBe(first)
  expect(await idIn('b')).not.toBe(first)
})

it('a half-written name is made anew', async () => {
  const first = await idIn('a')
  writeFileSync(join(folder, 'a', 'process-id'), first.slice(0, 7))
  const second = await idIn('a')
  expect(second).toMatch(/^[0-9a-f-]{36}$/)
  expect(await idIn('a')).toBe(second)
})
