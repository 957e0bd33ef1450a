import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileSnippets } from './compile-snippets.ts'
import { pages, root, snippetsOf, textOf, type Snippet } from './snippets.ts'

const all = pages().flatMap((page) => snippetsOf(page, textOf(page)))
const runnable = all.filter((snippet) => snippet.runnable)

describe('the code in README and docs', () => {
  it('is there', () => {
    expect(all.length).toBeGreaterThan(10)
    expect(runnable.map(({ page }) => page)).toContain('README.md')
  })

  it('has one name a module on each page', () => {
    const names = all.map(({ page, fileName }) => `${page} ${fileName}`)
    expect(names).toEqual([...new Set(names)])
  })

  it('compiles against the package as it is', () => {
    expect(compileSnippets(all)).toEqual([])
  }, 120_000)

  it.each(runnable)('of $page:$firstLine runs and prints what the page says', (snippet) => {
    expect(snippet.output, 'a runnable block is followed by a text block').toBeDefined()
    expect(run(snippet)).toBe(snippet.output)
  })
})

describe('the check of the code in the docs', () => {
  const page = (code: string): Snippet[] =>
    snippetsOf('docs/sample.md', `# Sample\n\n\`\`\`ts\n${code}\n\`\`\`\n`)

  it('finds a wrong type and names the line', () => {
    const wrong = page("import { string } from 'millrace/serdes'\nconst n: number = string().name")
    expect(compileSnippets(wrong)).toEqual([
      "docs/sample.md:5 Type 'string' is not assignable to type 'number'.",
    ])
  })

  it('finds an import of what the package does not export', () => {
    expect(compileSnippets(page("import { nothing } from 'millrace'"))[0]).toContain('nothing')
  })
})

/** Runs a snippet in a process of its own, as a reader would who has saved it in a file. */
function run(snippet: Snippet): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-docs-'))
  try {
    const file = join(folder, snippet.fileName.replace(/\.ts$/, '.mts'))
    writeFileSync(file, snippet.code)
    const tsx = join(root, 'node_modules/tsx/dist/cli.mjs')
    const result = spawnSync(
      process.execPath,
      [tsx, '--tsconfig', join(root, 'tsconfig.json'), file],
      { cwd: root, encoding: 'utf8', timeout: 60_000 },
    )
    if (result.status !== 0) throw new Error(`${result.stdout}\n${result.stderr}`)
    return result.stdout.trimEnd()
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
