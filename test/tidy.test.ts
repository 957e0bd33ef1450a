import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { documentedErrors, repositoryFiles, untidy, type ErrorFacts } from '../scripts/tidy.ts'
import * as errors from '../src/core/errors.ts'

describe('the repository', () => {
  it('keeps the house rules', () => {
    const files = repositoryFiles()
    expect(files.length).toBeGreaterThan(80)
    expect(untidy(files)).toEqual([])
  })
})

describe('the house rules', () => {
  const clock = ['Date', 'now()'].join('.')
  const marker = ['TO', 'DO'].join('')
  const breaches = [
    { path: 'src/runtime/worker.ts', text: `const t = ${clock}`, message: 'reads the clock' },
    {
      path: 'src/dsl/k-stream.ts',
      text: `const today = new ${'Date'}()`,
      message: 'reads the clock',
    },
    { path: 'src/core/record.ts', text: `const id = ${'random'}UUID()`, message: 'random values' },
    { path: 'src/core/record.ts', text: `${'console'}.log(1)`, message: 'Logger port' },
    { path: 'src/core/record.ts', text: `function f(x: ${'any'}) {}`, message: 'no `any`' },
    { path: 'docs/guide.md', text: `${marker}: explain`, message: 'leftover markers' },
    { path: 'src/core/record.ts', text: `// ${marker} later`, message: 'leftover markers' },
    { path: 'test/a.test.ts', text: `it.${'skip'}('x')`, message: 'skipped' },
    { path: 'README.md', text: `see ${'/'}root/project`, message: 'paths of a machine' },
    {
      path: '.npmrc',
      text: `registry=https://${'registry'}.npmjs.org/`,
      message: 'host of a package registry',
    },
    { path: 'src/core/long.ts', text: 'const a = 1\n'.repeat(351), message: '351 lines' },
  ]
  it.each(breaches)('say of $path: $message', ({ path, text, message }) => {
    expect(untidy([{ path, text }]).join('\n')).toContain(message)
  })

  it('leave comments that only speak of a clock alone', () => {
    const text = `/** Never ${clock}. */\nconst a = 1 // not ${clock}\n`
    expect(untidy([{ path: 'src/core/record.ts', text }])).toEqual([])
  })
})

describe('docs/reference/errors.md', () => {
  const documented = documentedErrors(readFileSync('docs/reference/errors.md', 'utf8'))

  it('describes every error of the package, and no other', () => {
    expect(documented.toSorted(byClass)).toEqual(declaredErrors().toSorted(byClass))
  })

  it('gives no code twice', () => {
    const codes = documented.map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })

  it('has a section for every code', () => {
    const text = readFileSync('docs/reference/errors.md', 'utf8')
    const sections = [...text.matchAll(/^### `(MILLRACE_\w+)`$/gm)].map((match) => match[1])
    expect(sections.toSorted()).toEqual(documented.map(({ code }) => code).toSorted())
  })
})

/** What the classes themselves say, from an instance of each. */
function declaredErrors(): ErrorFacts[] {
  return Object.entries(errors).flatMap(([className, value]) => {
    if (!isErrorClass(value)) return []
    const { code, scope, retriable } = new value('sample')
    const said = isBrokerError(value) ? 'case by case' : retriable ? 'yes' : 'no'
    return [{ code, className, scope, retriable: said }]
  })
}

type ErrorClass = new (message: string) => errors.StreamsError

function isErrorClass(value: unknown): value is ErrorClass {
  return (
    typeof value === 'function' &&
    (value === errors.StreamsError || value.prototype instanceof errors.StreamsError)
  )
}

/** Whether a broker's answer may be retried depends on the answer. */
function isBrokerError(value: ErrorClass): boolean {
  return value === errors.BrokerError || value.prototype instanceof errors.BrokerError
}

function byClass(a: ErrorFacts, b: ErrorFacts): number {
  return a.className.localeCompare(b.className)
}
