import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { rocksDbState, type BindingName } from 'millrace/state/rocksdb'
import { ConfigError } from '../../../src/core/errors.ts'
import { chooseBinding } from '../../../src/state/rocksdb/choose-binding.ts'
import { installedVersion, probeBinding } from '../../../src/state/rocksdb/probe.ts'
import { temporaryFolder } from '../contract/harness.ts'
import { workingBindings } from './working-bindings.ts'

const nodeMajor = Number(process.versions.node.split('.')[0])
const firstThatWorks = workingBindings[0] as BindingName

afterEach(() => vi.unstubAllEnvs())

async function remembered(folder: string): Promise<unknown> {
  return JSON.parse(await readFile(join(folder, 'binding.json'), 'utf8'))
}

describe('the probe', () => {
  test('finds rocksdb-native working on every Node', async () => {
    expect(await probeBinding('rocksdb-native')).toEqual({ works: true })
  })

  test('finds out about rocksdb without this process being harmed', async () => {
    const result = await probeBinding('rocksdb')
    const reason = result.works ? 'works' : result.reason
    const expected = nodeMajor < 22 ? /^works$/ : /^works$|it ended the process with SIG|exit code/
    expect(reason).toMatch(expected)
  })

  test('says that a package is not installed', async () => {
    const missing = 'rocksdb-of-nobody' as BindingName
    expect(await probeBinding(missing)).toEqual({
      works: false,
      reason: 'the package is not installed',
    })
    expect(await installedVersion(missing)).toBeUndefined()
  })
})

describe('the choice of a binding', () => {
  test('takes the first that works, and remembers it for this machine', async () => {
    const folder = await temporaryFolder()
    expect((await chooseBinding(folder, 'auto')).name).toBe(firstThatWorks)
    expect(await remembered(folder)).toEqual({
      machine: expect.stringContaining(`node ${process.version}, ${process.platform}`) as unknown,
      binding: firstThatWorks,
    })
  })

  test('goes by what is remembered for this machine', async () => {
    const folder = await temporaryFolder()
    await chooseBinding(folder, 'auto')
    const known = (await remembered(folder)) as object
    const path = join(folder, 'binding.json')
    await writeFile(path, JSON.stringify({ ...known, binding: 'rocksdb-native' }))
    expect((await chooseBinding(folder, 'auto')).name).toBe('rocksdb-native')
  })

  test('on another machine or Node tries the binding first that the folder was used with', async () => {
    const folder = await temporaryFolder()
    const path = join(folder, 'binding.json')
    await writeFile(path, JSON.stringify({ machine: 'node v18.0.0', binding: 'rocksdb-native' }))
    expect((await chooseBinding(folder, 'auto')).name).toBe('rocksdb-native')
    expect(await remembered(folder)).toMatchObject({
      machine: expect.stringContaining(process.version) as unknown,
      binding: 'rocksdb-native',
    })
  })

  test('starts anew where what is remembered cannot be read, and does without a place to write', async () => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'binding.json'), '{"machine": 5, "bindi')
    expect((await chooseBinding(folder, 'auto')).name).toBe(firstThatWorks)
    const absent = join(folder, 'no', 'such', 'folder')
    expect((await chooseBinding(absent, 'auto')).name).toBe(firstThatWorks)
  })

  test('is overridden by configuration, and that by the environment', async () => {
    const folder = await temporaryFolder()
    expect((await chooseBinding(folder, 'rocksdb-native')).name).toBe('rocksdb-native')
    vi.stubEnv('MILLRACE_ROCKSDB_BINDING', 'rocksdb-native')
    expect((await chooseBinding(folder, 'rocksdb')).name).toBe('rocksdb-native')
    vi.stubEnv('MILLRACE_ROCKSDB_BINDING', 'auto')
    expect((await chooseBinding(folder, 'rocksdb-native')).name).toBe(firstThatWorks)
    vi.stubEnv('MILLRACE_ROCKSDB_BINDING', '')
    expect((await chooseBinding(folder, 'rocksdb-native')).name).toBe('rocksdb-native')
  })

  test('refuses a binding that it does not know, and says where it is written', async () => {
    const folder = await temporaryFolder()
    const unknown = 'leveldb' as BindingName
    await expect(chooseBinding(folder, unknown)).rejects.toThrow(ConfigError)
    await expect(chooseBinding(folder, unknown)).rejects.toThrow(/option binding is 'leveldb'/)
    vi.stubEnv('MILLRACE_ROCKSDB_BINDING', 'rocks')
    await expect(chooseBinding(folder, 'auto')).rejects.toThrow(
      "MILLRACE_ROCKSDB_BINDING is 'rocks': write rocksdb, rocksdb-native or auto",
    )
  })

  test('is in the name of the state', async () => {
    const folder = await temporaryFolder()
    await using state = rocksDbState({ folder, binding: 'rocksdb-native' })
    expect(state.name).toBe(`rocksdb in ${folder}`)
    await state.storedTasks()
    expect(state.name).toMatch(/^rocksdb-native \d+\.\d+\.\d+ in /)
    expect(state.name).toContain(folder)
  })
})
