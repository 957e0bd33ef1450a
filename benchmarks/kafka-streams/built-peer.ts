// Our peer as a user would run it: JavaScript on the built package. Loading TypeScript would cost a run memory, for the
// compiler's sake, and time, since the loader wraps each function to keep its name.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModuleKind, ScriptTarget, transpileModule } from 'typescript'

const root = join(dirname(fileURLToPath(import.meta.url)), '../..')

/** Builds the package where its sources have changed, and compiles `millrace-peer.ts`; gives where that lies. */
export function builtPeer(): string {
  const entry = join(root, 'dist/index.js')
  if (!existsSync(entry) || statSync(entry).mtimeMs < newestSource()) {
    console.log('building the package')
    execFileSync(process.execPath, [join(root, 'scripts/build.mjs')], { stdio: 'inherit' })
  }
  const source = readFileSync(join(root, 'benchmarks/kafka-streams/millrace-peer.ts'), 'utf8')
  const compilerOptions = { module: ModuleKind.ESNext, target: ScriptTarget.ES2022 }
  const { outputText } = transpileModule(source, { compilerOptions })
  // Within the package, so that it finds it by its name.
  const folder = join(root, 'temp')
  mkdirSync(folder, { recursive: true })
  const path = join(folder, 'millrace-peer.mjs')
  writeFileSync(path, outputText)
  return path
}

function newestSource(): number {
  const source = join(root, 'src')
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  return Math.max(...files.map((file) => statSync(join(source, file)).mtimeMs))
}
