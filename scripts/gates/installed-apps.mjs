import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entries, manifest, root } from '../project.mjs'
import { mustSucceed, tool } from './run-command.mjs'

const apps = join(root, 'scripts/gates/apps')
const names = entries.map(({ name }) => name)

/** Installs the tarball and uses it as applications do: as an ES module, from CommonJS, and from TypeScript. */
export async function checkInstalled(tarball) {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-install-'))
  try {
    writeJson(join(folder, 'package.json'), { name: 'consumer', private: true })
    const install = ['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund']
    await mustSucceed([...install, '--prefer-offline', '--loglevel=error', tarball], {
      cwd: folder,
    })

    await runApp(folder, 'esm', 'module', 'word-count.mjs')
    await runApp(folder, 'cjs', 'commonjs', 'require.cjs')
    await runApp(folder, 'threads', 'module', 'threads.mjs', 'threads-config.mjs')
    await checkTypes(folder)
    await mustSucceed([join(folder, 'node_modules/.bin/millrace'), '--help'], { cwd: folder })
    return 'ES module, CommonJS, threads, TypeScript, command'
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runApp(folder, name, type, script, ...others) {
  const app = join(folder, name)
  mkdirSync(app)
  writeJson(join(app, 'package.json'), { type })
  for (const file of [script, ...others]) cpSync(join(apps, file), join(app, file))
  await mustSucceed([process.execPath, script, ...names], { cwd: app })
}

/** Declarations are checked too, as a user does who leaves skipLibCheck off. */
async function checkTypes(folder) {
  const app = join(folder, 'typed')
  mkdirSync(join(app, 'node_modules'), { recursive: true })
  symlinkSync(join(root, 'node_modules/@types'), join(app, 'node_modules/@types'))
  writeJson(join(app, 'package.json'), { type: 'module' })
  const imports = names.map((name, index) => `export * as entry${index} from '${name}'`)
  writeFileSync(join(app, 'app.ts'), `${imports.join('\n')}\n`)
  writeJson(join(app, 'tsconfig.json'), {
    compilerOptions: {
      module: 'nodenext',
      target: 'es2022',
      lib: ['es2023', 'esnext.disposable'],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
      types: ['node'],
    },
    include: ['app.ts'],
  })
  const { stdout } = await mustSucceed(tool('typescript/bin/tsc', '-p', app, '--listFiles'))
  if (!stdout.includes(`${manifest.name}/dist/index.d.ts`)) {
    throw new Error('the compiler did not read the declarations of the installed package')
  }
}

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`)
}
