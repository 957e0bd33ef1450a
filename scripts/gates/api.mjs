import { existsSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { entries, manifest, root } from '../project.mjs'

const reports = 'etc/api'

/**
 * One report an entry, committed: a change of the public API shows in review. A type that an export needs but that
 * the entry does not export is an error.
 */
export async function api({ update = false } = {}) {
  const extractor = createRequire(import.meta.url)('@microsoft/api-extractor')
  mkdirSync(join(root, reports), { recursive: true })
  const faults = []
  for (const entry of entries) {
    if (!existsSync(join(root, entry.types))) {
      faults.push(`${entry.name}: ${entry.types} does not exist`)
      continue
    }
    const config = extractor.ExtractorConfig.prepare(configOf(entry))
    const result = extractor.Extractor.invoke(config, {
      localBuild: update,
      messageCallback: (message) => {
        message.handled = true
        if (message.logLevel === 'error' || message.logLevel === 'warning') {
          faults.push(`${entry.name}: ${placeOf(message)}${message.text}`)
        }
      },
    })
    if (result.apiReportChanged && !update) {
      faults.push(
        `${entry.name}: the API has changed; see npm run api:update and commit ${reports}`,
      )
    }
  }
  if (faults.length > 0) throw new Error([...new Set(faults)].join('\n'))
  return `${entries.length} entries`
}

function placeOf(message) {
  if (message.sourceFilePath === undefined) return ''
  return `${message.sourceFilePath.replace(`${root}/`, '')}:${message.sourceFileLine ?? 0} `
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
          'ae-forgotten-export': { logLevel: 'error' },
          // Everything that an entry exports is public; there are no release tags.
          'ae-missing-release-tag': { logLevel: 'none' },
          'ae-undocumented': { logLevel: 'none' },
          'ae-unresolved-link': { logLevel: 'none' },
        },
        tsdocMessageReporting: { default: { logLevel: 'none' } },
      },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: join(root, 'package.json'),
    packageJson: manifest,
  }
}
