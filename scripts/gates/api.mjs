import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import ts from 'typescript'
import { entries, manifest, root } from '../project.mjs'

const reports = 'etc/api'

/**
 * One report an entry, committed: a change of the public API shows in review. A type that an export needs, but that no
 * entry exports, is an error: users could not name it. Helpers that their own module keeps to itself are left alone.
 */
export async function api({ update = false } = {}) {
  const extractor = createRequire(import.meta.url)('@microsoft/api-extractor')
  mkdirSync(join(root, reports), { recursive: true })
  const present = entries.filter(({ types }) => existsSync(join(root, types)))
  const nameable = exportedNames(present)
  const shared = namesSharedByModules()
  const matters = (message) => !isForgotten(message) || isMissed(message, nameable, shared)
  const faults = entries
    .filter((entry) => !present.includes(entry))
    .map(({ name, types }) => `${name}: ${types} does not exist`)
  for (const entry of present) {
    const { changed, messages } = extract(extractor, entry, update)
    faults.push(...messages.filter(matters).map(said(entry)))
    if (changed && !update) faults.push(`${entry.name}: the API is not the one in ${reports}`)
  }
  if (faults.length > 0) {
    const hint = `If the change is meant: npm run api:update, and commit ${reports}.`
    throw new Error([...new Set(faults), ...(update ? [] : [hint])].join('\n'))
  }
  return `${entries.length} entries`
}

function extract(extractor, entry, update) {
  const messages = []
  const config = extractor.ExtractorConfig.prepare(configOf(entry))
  const { apiReportChanged } = extractor.Extractor.invoke(config, {
    localBuild: update,
    messageCallback: (message) => {
      message.handled = true
      const matters = message.logLevel === 'error' || message.logLevel === 'warning'
      // What the console would say about changed reports is said above.
      if (matters && !message.messageId.startsWith('console-')) messages.push(message)
    },
  })
  return { changed: apiReportChanged, messages }
}

/** What users can import, from whichever entry. */
function exportedNames(present) {
  const files = present.map(({ types }) => join(root, types))
  const program = ts.createProgram(files, {
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    skipLibCheck: true,
  })
  const checker = program.getTypeChecker()
  const names = files.flatMap((file) => {
    const symbol = checker.getSymbolAtLocation(program.getSourceFile(file))
    return symbol ? checker.getExportsOfModule(symbol).map(({ name }) => name) : []
  })
  return new Set(names)
}

/** What the modules of src/ export to each other. */
function namesSharedByModules() {
  const declaration =
    /^export (?:declare |abstract |async )*(?:type|interface|class|const|function) (\w+)/gm
  const files = readdirSync(join(root, 'src'), { recursive: true })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => readFileSync(join(root, 'src', path), 'utf8'))
  return new Set(files.flatMap((text) => [...text.matchAll(declaration)].map(([, name]) => name)))
}

function isForgotten({ messageId }) {
  return messageId === 'ae-forgotten-export'
}

function isMissed({ text }, nameable, shared) {
  // The extractor numbers names that it has met before, as in Headers_2.
  const name = /The symbol "(\w+?)(?:_\d+)?" needs/.exec(text)?.[1]
  return !nameable.has(name) && (shared.has(name) || /^[a-z]/.test(name))
}

function said(entry) {
  return ({ sourceFilePath, sourceFileLine, text }) => {
    const place = sourceFilePath?.replace(`${root}/`, '')
    return `${entry.name}: ${place ? `${place}:${sourceFileLine ?? 0} ` : ''}${text}`
  }
}

function configOf(entry) {
  return {
    configObject: {
      projectFolder: root,
      mainEntryPointFilePath: join(root, entry.types),
      newlineKind: 'lf',
      compiler: { tsconfigFilePath: join(root, 'tsconfig.build.json') },
      apiReport: {
        enabled: true,
        reportFileName: `${entry.slug}.api.md`,
        reportFolder: join(root, reports),
        reportTempFolder: join(root, 'node_modules/.cache/api'),
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        compilerMessageReporting: { default: { logLevel: 'error' } },
        extractorMessageReporting: {
          default: { logLevel: 'error' },
          'ae-forgotten-export': { logLevel: 'error', addToApiReportFile: false },
          // Everything that an entry exports is public; there are no release tags but @internal.
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'none' },
          'ae-unresolved-link': { logLevel: 'none' },
          'ae-internal-missing-underscore': { logLevel: 'none' },
          'ae-incompatible-release-tags': { logLevel: 'none' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    packageJson: manifest,
  }
}
