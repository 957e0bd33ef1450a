// House rules that no linter knows, as functions over the tracked files. test/tidy.test.ts runs them.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root: string = dirname(dirname(fileURLToPath(import.meta.url)))

/** One text file of the repository. */
export interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string
  readonly text: string
}

/** A rule: what it forbids, in which files, and how it is found. */
interface LineRule {
  readonly rule: string
  readonly files: RegExp
  readonly except?: RegExp
  readonly pattern: RegExp
  /** Whether comments count too. */
  readonly inComments?: boolean
}

// The patterns are written so that they do not match themselves.
const lineRules: readonly LineRule[] = [
  {
    rule: 'only core/clock.ts reads the clock or sets timers',
    files: /^src\//,
    except: /^src\/core\/clock\.ts$/,
    pattern:
      /\bDate\.now\b|\bnew Date\(\)|\bset(?:Timeout|Interval|Immediate)\b|\bperformance\.now\b|\bprocess\.hrtime\b/,
  },
  {
    rule: 'only core/random.ts makes random values',
    files: /^src\//,
    except: /^src\/core\/random\.ts$/,
    pattern: /\bMath\.random\b|\brandom(?:UUID|Bytes|Int)\b|\bgetRandomValues\b/,
  },
  {
    rule: 'the package writes to the console through the Logger port, except the command',
    files: /^src\//,
    // The probe is a text that runs in a process of its own.
    except: /^src\/(?:cli\/|core\/console-logger\.ts|state\/rocksdb\/probe\.ts)/,
    pattern: /\bconsole\.\w+/,
  },
  {
    rule: 'no `any` in the package',
    files: /^src\//,
    pattern: /(?::|\bas|<|,)\s*any\b(?!\s*\w)/,
  },
  {
    rule: 'no leftover markers',
    files: /\.(?:ts|mjs|cjs|js|md|html|css)$/,
    pattern: /\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b|^(?:<{7}|>{7}) /,
    inComments: true,
  },
  {
    rule: 'no breakpoints, no silenced compiler',
    files: /\.(?:ts|mjs)$/,
    pattern: /\bdebugg[e]r\b|@ts-(?:ignore|nocheck)/,
    inComments: true,
  },
  {
    rule: 'no skipped and no focused tests',
    files: /^test\//,
    pattern: /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|only|todo|fails|skipIf|runIf)\b/,
  },
  {
    rule: 'no paths of a machine',
    files: /./,
    pattern: /(?<![\w.$}~-])\/(?:work|root|home|Users)\/[\w.]/,
    inComments: true,
  },
  {
    rule: 'no host of a package registry',
    files: /./,
    pattern:
      /\bregistry\.(?:npm|yarn)\w*\.\w+|\brepo\d?\.maven\.|\bmaven-central\b.*\.com|\bproxy\.golang\.|\bdeb\.debian\.|\bfiles\.pythonhosted\./,
    inComments: true,
  },
]

const lengthLimits: readonly { readonly files: RegExp; readonly lines: number }[] = [
  // The DSL's nouns name each other, and types may not form a ring of modules.
  { files: /^src\/dsl\/streams\.ts$/, lines: 600 },
  { files: /^src\/.*\.ts$/, lines: 350 },
  { files: /^(?:test|scripts|examples|benchmarks)\/.*\.(?:ts|mjs)$/, lines: 600 },
]

/** Files that hold others' words or data, or that a tool writes. */
const notOurs =
  /^package-lock\.json$|^examples\/[^/]+\/data\/|\/generated\/|^test\/golden\/|\.(?:png|jar|bin|golden)$/

/** What git tracks or would add, as text. */
export function repositoryFiles(): SourceFile[] {
  const list = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  if (list.status !== 0) throw new Error(`git ls-files failed: ${list.stderr}`)
  return list.stdout
    .split('\0')
    .filter((path) => path !== '' && !notOurs.test(path) && existsSync(join(root, path)))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

/** Every breach of a rule, as `path:line rule: text`. */
export function untidy(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...breachesOfLines(file), ...breachesOfLength(file)])
}

function breachesOfLines(file: SourceFile): string[] {
  const rules = lineRules.filter(
    ({ files, except }) => files.test(file.path) && !except?.test(file.path),
  )
  const whole = file.text.split('\n')
  const code = /\.(?:ts|mjs|cjs)$/.test(file.path) ? withoutComments(file.text).split('\n') : whole
  return rules.flatMap(({ rule, pattern, inComments }) =>
    (inComments ? whole : code).flatMap((line, index) =>
      pattern.test(line) ? [`${file.path}:${index + 1} ${rule}: ${whole[index]?.trim()}`] : [],
    ),
  )
}

function breachesOfLength({ path, text }: SourceFile): string[] {
  const limit = lengthLimits.find(({ files }) => files.test(path))
  const lines = text.trimEnd().split('\n').length
  if (limit === undefined || lines <= limit.lines) return []
  return [`${path} has ${lines} lines; at most ${limit.lines} are allowed`]
}

/** Blanks comments and keeps the lines. Good enough for code that prettier has formatted. */
function withoutComments(text: string): string {
  return text
    .replaceAll(/\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, ' '))
    .replaceAll(/(^|[\s;{(])\/\/.*$/gm, '$1')
}

/** An error class of the package, as its source declares it or as its documentation says. */
export interface ErrorFacts {
  readonly code: string
  readonly className: string
  readonly scope: string
  readonly retriable: string
}

/** The rows of the table in docs/reference/errors.md: code, class, scope, retriable. */
export function documentedErrors(markdown: string): ErrorFacts[] {
  const row = /^\| `(MILLRACE_\w+)` +\| `(\w+)` +\| ([a-z]+) +\| ([a-z ]+?) +\|/gm
  return [...markdown.matchAll(row)].map(
    ([, code = '', className = '', scope = '', retriable = '']) => ({
      code,
      className,
      scope,
      retriable,
    }),
  )
}
