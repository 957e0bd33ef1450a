import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError, messageOf } from './core/errors.ts'

/**
 * Imports a user's module by path.
 *
 * TypeScript runs as it is where Node strips types itself (22.18 and later); on older versions the package tsx does it,
 * which the user's project has to have.
 *
 * @throws ConfigError naming the file where it does not exist, cannot be loaded, or needs tsx
 */
export async function loadModule(path: string): Promise<globalThis.Record<string, unknown>> {
  const file = resolve(path)
  if (!existsSync(file)) throw new ConfigError(`there is no file ${path} in ${process.cwd()}`)
  if (/\.[cm]?tsx?$/.test(file)) await enableTypeScript(path)
  try {
    return (await import(pathToFileURL(file).href)) as globalThis.Record<string, unknown>
  } catch (cause) {
    throw new ConfigError(`cannot load ${path}: ${messageOf(cause)}`, { cause })
  }
}

let typeScriptEnabled = false

async function enableTypeScript(path: string): Promise<void> {
  if (typeScriptEnabled) return
  try {
    const { register } = await import('tsx/esm/api')
    register()
  } catch (cause) {
    // Node itself can do it from 22.18 on; `process.features.typescript` says so.
    if ((process.features as { typescript?: unknown }).typescript) return
    throw new ConfigError(
      `${path} is TypeScript, which Node ${process.versions.node} does not run by itself: ` +
        'install tsx (npm install --save-dev tsx), use Node 22.18 or later, or name the compiled .js file',
      { cause },
    )
  }
  typeScriptEnabled = true
}
