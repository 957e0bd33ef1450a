// Facts about this repository that several scripts need.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

export const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** The entries of the package: `name` as users import it, and the files behind it, relative to the root. */
export const entries = Object.entries(manifest.exports)
  .filter(([, target]) => typeof target === 'object')
  .map(([subpath, target]) => ({
    name: subpath === '.' ? manifest.name : `${manifest.name}/${subpath.slice(2)}`,
    slug: subpath === '.' ? 'index' : subpath.slice(2).replaceAll('/', '-'),
    source: target.default.replace('./dist/', 'src/').replace(/\.js$/, '.ts'),
    types: target.types.slice(2),
  }))

export const missingEntries = entries.filter(({ source }) => !existsSync(join(root, source)))
