import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { messageOf } from '../../core/errors.ts'
import type { BindingName } from './binding.ts'

/** Whether a binding works on this machine, and why not. */
export type ProbeResult =
  { readonly works: true } | { readonly works: false; readonly reason: string }

const probeTimeoutMs = 30_000
const worked = 'opened, wrote, read and closed'

// Run by a process of its own, since a binary that does not fit this version of Node ends the process that loads it.
const scripts: Record<BindingName, string> = {
  rocksdb: `
    const [path, folder] = process.argv.slice(1)
    const fail = (error) => { if (error) { console.error(error.message); process.exit(1) } }
    const db = require(path)(folder)
    db.open({}, (error) => { fail(error)
      db.put('key', 'value', (error) => { fail(error)
        db.get('key', (error, value) => { fail(error)
          if (String(value) !== 'value') fail(new Error('read something else than was written'))
          db.close((error) => { fail(error); console.log('${worked}') }) }) }) })`,
  'rocksdb-native': `
    const [path, folder] = process.argv.slice(1)
    const run = async () => {
      const db = new (require(path))(folder)
      await db.ready()
      await db.put('key', 'value')
      if (String(await db.get('key')) !== 'value') throw new Error('read something else than was written')
      await db.close()
      console.log('${worked}')
    }
    run().catch((error) => { console.error(error.message); process.exit(1) })`,
}

const probed = new Map<BindingName, Promise<ProbeResult>>()

/** Tries a binding in a process of its own, once in the life of this process. */
export function probeBinding(name: BindingName): Promise<ProbeResult> {
  let result = probed.get(name)
  if (!result) {
    result = probe(name)
    probed.set(name, result)
  }
  return result
}

/** The installed version of a binding's package; undefined where it is not installed. */
export async function installedVersion(name: BindingName): Promise<string | undefined> {
  const path = resolved(name)
  if (path === undefined) return undefined
  try {
    const manifest = await readFile(join(dirname(path), 'package.json'), 'utf8')
    return (JSON.parse(manifest) as { version?: string }).version
  } catch {
    return undefined
  }
}

function resolved(name: BindingName): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(name)
  } catch {
    return undefined
  }
}

async function probe(name: BindingName): Promise<ProbeResult> {
  const path = resolved(name)
  if (path === undefined) return { works: false, reason: 'the package is not installed' }
  try {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-probe-'))
    try {
      return await runScript(scripts[name], [path, join(folder, 'db')])
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  } catch (error) {
    return { works: false, reason: messageOf(error) }
  }
}

function runScript(script: string, args: readonly string[]): Promise<ProbeResult> {
  // Options for this process, such as loaders, are not for the probe.
  const { NODE_OPTIONS: _, ...env } = process.env
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['-e', script, ...args],
      { env, cwd: tmpdir(), timeout: probeTimeoutMs, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (!error && stdout.includes(worked)) resolve({ works: true })
        else resolve({ works: false, reason: reasonOf(error, stderr) })
      },
    )
  })
}

function reasonOf(error: Error | null, stderr: string): string {
  const { signal, code } = (error ?? {}) as { signal?: string | null; code?: unknown }
  const ended = signal ? `it ended the process with ${signal}` : `exit code ${String(code)}`
  const said = stderr.trim().split('\n').slice(0, 2).join(' / ')
  return said === '' ? ended : `${ended}: ${said}`
}
