// Brings node_modules in line with package-lock.json, so that the other npm scripts work on a fresh clone.
// Plain Node without dependencies: it runs before anything is installed. With nothing to do it takes milliseconds
// and needs no network.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const oldestNode = [20, 19]

const reason = nodeTooOld()
if (reason !== undefined) {
  console.error(reason)
  process.exit(1)
}

const missing = whatIsMissing()
if (missing !== undefined) install(missing)

function nodeTooOld() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const [oldestMajor, oldestMinor] = oldestNode
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined
  return `Millrace needs Node ${oldestNode.join('.')} or newer; this is ${process.versions.node}.`
}

/** Compares the lockfile with npm's own record of what it installed. Times of files say little after a clone. */
function whatIsMissing() {
  const wanted = packagesOf('package-lock.json')
  if (wanted === undefined) throw new Error('package-lock.json is missing or is no lockfile')
  const installed = packagesOf('node_modules/.package-lock.json')
  if (installed === undefined) return 'nothing is installed yet'
  for (const [path, entry] of Object.entries(wanted)) {
    // The entry '' is this package; optional ones may be for another platform.
    if (path === '' || entry.optional || entry.devOptional) continue
    if (installed[path]?.version !== entry.version) return `${path} is not ${entry.version}`
  }
  return undefined
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(join(root, lockfile), 'utf8')).packages
  } catch {
    return undefined
  }
}

function install(why) {
  console.log(`Installing dependencies (${why})…`)
  // Prebuilt binaries come inside the packages, so no install script is needed, and none is run: npm 11 would not
  // run them either, and npm 10 should not behave differently.
  const command = ['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  const result = spawnSync(command[0], command.slice(1), {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  })
  if (result.status !== 0) {
    console.error(`${command.join(' ')} failed; see its messages above.`)
    process.exit(result.status ?? 1)
  }
}
