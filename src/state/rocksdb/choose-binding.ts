import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError, messageOf, StateStoreError } from '../../core/errors.ts'
import type { BindingName, RocksDbBinding } from './binding.ts'
import { loadLeveldownBinding } from './leveldown-binding.ts'
import { loadNativeBinding } from './native-binding.ts'
import { installedVersion, probeBinding } from './probe.ts'

/** Overrides the configuration where it is set and not empty. */
const variable = 'MILLRACE_ROCKSDB_BINDING'
const rememberedFile = 'binding.json'
const order: readonly BindingName[] = ['rocksdb', 'rocksdb-native']

interface Remembered {
  /** What the choice holds for: Node, platform, package versions. */
  readonly machine: string
  readonly binding: BindingName
}

/**
 * Chooses and loads a binding for a state folder.
 *
 * The environment variable MILLRACE_ROCKSDB_BINDING comes first, then the configuration. Under `auto` each binding is
 * tried in a process of its own before it is loaded here; the choice is remembered in the folder for this version of
 * Node and these packages. The binding that the folder was used with before is tried first, since an older RocksDB
 * does not open what a newer one wrote.
 */
export async function chooseBinding(
  folder: string,
  configured: BindingName | 'auto',
): Promise<RocksDbBinding> {
  const wanted = wantedBinding(configured)
  if (wanted !== 'auto') return loadBinding(wanted)
  const machine = await thisMachine()
  const remembered = await recall(folder)
  if (remembered?.machine === machine) return loadBinding(remembered.binding)
  const reasons: string[] = []
  const first = remembered ? [remembered.binding] : []
  for (const name of new Set([...first, ...order])) {
    const result = await probeBinding(name)
    if (result.works) {
      await remember(folder, { machine, binding: name })
      return loadBinding(name)
    }
    reasons.push(`${name}: ${result.reason}`)
  }
  throw new StateStoreError(
    `No RocksDB binding works on Node ${process.version}, ${process.platform} ${process.arch} (${reasons.join('; ')}). ` +
      'Install rocksdb-native, or keep the stores in memory',
  )
}

function wantedBinding(configured: BindingName | 'auto'): BindingName | 'auto' {
  const fromEnvironment = process.env[variable]
  const [name, source] = fromEnvironment
    ? [fromEnvironment, variable]
    : [configured, "rocksDbState's option binding"]
  if (name === 'auto' || name === 'rocksdb' || name === 'rocksdb-native') return name
  throw new ConfigError(`${source} is '${name}': write rocksdb, rocksdb-native or auto`)
}

/** Loads the binding of this name. Throws `StateStoreError` where it is not installed or cannot be loaded. */
export async function loadBinding(name: BindingName): Promise<RocksDbBinding> {
  const version = await installedVersion(name)
  if (version === undefined) {
    throw new StateStoreError(
      `The RocksDB binding ${name} is not installed: run npm install ${name}, or choose another binding`,
    )
  }
  try {
    return name === 'rocksdb' ? loadLeveldownBinding(version) : loadNativeBinding(version)
  } catch (error) {
    throw new StateStoreError(
      `The RocksDB binding ${name} ${version} cannot be loaded: ${messageOf(error)}`,
      { cause: error },
    )
  }
}

async function thisMachine(): Promise<string> {
  const versions = await Promise.all(
    order.map(async (name) => `${name} ${(await installedVersion(name)) ?? 'not installed'}`),
  )
  return [`node ${process.version}`, process.platform, process.arch, ...versions].join(', ')
}

async function recall(folder: string): Promise<Remembered | undefined> {
  try {
    const text = await readFile(join(folder, rememberedFile), 'utf8')
    const { machine, binding } = JSON.parse(text) as Partial<Remembered>
    if (typeof machine !== 'string' || !order.includes(binding as BindingName)) return undefined
    return { machine, binding: binding as BindingName }
  } catch {
    // Nothing remembered, or nothing that can be read: the probe will tell.
    return undefined
  }
}

async function remember(folder: string, choice: Remembered): Promise<void> {
  try {
    await writeFile(join(folder, rememberedFile), `${JSON.stringify(choice, null, 2)}\n`)
  } catch {
    // A folder that cannot be written to costs a probe at each start, and fails with a clear error further on.
  }
}
