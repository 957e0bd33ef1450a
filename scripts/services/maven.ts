import { execFile, execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const repositoryRoot = fileURLToPath(new URL('../../', import.meta.url))
const javaFloor = 17

/** One artifact of a Maven repository; `jar` without a classifier where those are left out. */
export interface MavenArtifact {
  readonly groupId: string
  readonly artifactId: string
  readonly version: string
  readonly type?: string
  readonly classifier?: string
}

/** What to fetch, and the folder of `.cache/maven` that it is kept in. */
export interface MavenRequest {
  /** Folder name under `.cache/maven`; put the version in it, for a folder that exists is taken as it is. */
  readonly name: string
  readonly artifacts: readonly MavenArtifact[]
  /** Whether the artifacts' own dependencies come too. Default true. */
  readonly transitive?: boolean
}

/** Whether Java 17 or newer and Maven can be started here. */
export function hasJavaAndMaven(): boolean {
  return whatIsMissing() === undefined
}

/**
 * Resolves artifacts into `.cache/maven/<name>` and returns that folder, at once where it is there already.
 *
 * Safe to call from several processes at a time: each resolves into a folder of its own, which is then renamed.
 */
export async function resolveMaven(request: MavenRequest): Promise<string> {
  const target = join(repositoryRoot, '.cache', 'maven', request.name)
  if (existsSync(target)) return target
  const missing = whatIsMissing()
  if (missing !== undefined) throw new Error(`${missing}; it is needed to fetch ${request.name}.`)
  const work = `${target}.${process.pid}.${randomUUID().slice(0, 8)}`
  const files = join(work, 'files')
  try {
    await mkdir(files, { recursive: true })
    await writeFile(join(work, 'pom.xml'), pomOf(request))
    await copyDependencies(work, files, request)
    await moveInto(files, target)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return target
}

async function copyDependencies(work: string, files: string, request: MavenRequest): Promise<void> {
  const options = [
    `-DoutputDirectory=${files}`,
    `-DexcludeTransitive=${request.transitive === false}`,
  ]
  try {
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', ...options], {
      cwd: work,
      maxBuffer: 16 << 20,
    })
  } catch (cause) {
    const output = cause as { stdout?: string; stderr?: string }
    const said = `${output.stdout ?? ''}${output.stderr ?? ''}`.trim().slice(0, 2000)
    throw new Error(`Maven could not resolve ${request.name}: ${said}`, { cause })
  }
  if ((await readdir(files)).length === 0) {
    throw new Error(`Maven resolved no file for ${request.name}.`)
  }
}

/** Renames atomically; another process that was faster has put the same files there. */
async function moveInto(files: string, target: string): Promise<void> {
  try {
    await rename(files, target)
  } catch (error) {
    if (!existsSync(target)) throw error
  }
}

function pomOf(request: MavenRequest): string {
  // Leaving dependencies out of the copy alone would still look them up, also in repositories that cannot be reached.
  const alone = request.transitive === false
  const exclusions = alone
    ? '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>'
    : ''
  const element = (name: string, value: string | undefined): string =>
    value === undefined ? '' : `<${name}>${value}</${name}>`
  const dependencies = request.artifacts.map(
    (artifact) =>
      '<dependency>' +
      element('groupId', artifact.groupId) +
      element('artifactId', artifact.artifactId) +
      element('version', artifact.version) +
      element('type', artifact.type) +
      element('classifier', artifact.classifier) +
      exclusions +
      '</dependency>',
  )
  return `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>millrace.services</groupId><artifactId>files</artifactId><version>1</version>
  <packaging>pom</packaging>
  <dependencies>${dependencies.join('')}</dependencies>
</project>
`
}

let missingHere: string | false | undefined

/** A sentence that names what is missing, remembered, because asking starts two processes. */
function whatIsMissing(): string | undefined {
  missingHere ??= lookForTools() ?? false
  return missingHere === false ? undefined : missingHere
}

function lookForTools(): string | undefined {
  const java = javaMajorVersion()
  if (java === undefined) return `No java on the PATH: install a JDK ${javaFloor} or newer`
  if (java < javaFloor)
    return `The java on the PATH is version ${java}: install ${javaFloor} or newer`
  try {
    execFileSync('mvn', ['--version'], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'No Maven (mvn) on the PATH: install it'
  }
}

function javaMajorVersion(): number | undefined {
  try {
    // `--version` (Java 9 and later) prints to standard output; Java 8 refuses the option.
    const text = execFileSync('java', ['--version'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const major = /(\d+)/.exec(text)?.[1]
    return major === undefined ? undefined : Number(major)
  } catch (error) {
    return (error as { code?: string }).code === 'ENOENT' ? undefined : 8
  }
}
