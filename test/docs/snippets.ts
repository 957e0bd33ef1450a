import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/**
 * TypeScript of a Markdown page, as one module. The words after `ts` on the fence say how it is meant:
 * `continued` goes on in the module of the block before; `runnable` is also run, and the `text` block that follows is
 * what it prints. A first line such as `// topology.ts: …` names the module for imports of the page's other blocks.
 */
export interface Snippet {
  /** The page, relative to the root. */
  readonly page: string
  readonly fileName: string
  /** The code, on the lines that it has in the page. */
  readonly code: string
  readonly firstLine: number
  readonly runnable: boolean
  /** What a runnable snippet prints. */
  readonly output: string | undefined
}

interface Block {
  readonly language: string
  readonly words: readonly string[]
  readonly lines: readonly string[]
  readonly firstLine: number
}

/** The pages whose code is checked: those at the root and those under docs/. */
export function pages(): string[] {
  const atRoot = readdirSync(root).filter((name) => name.endsWith('.md'))
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`)
  return [...atRoot, ...below].toSorted()
}

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** All TypeScript of a page. */
export function snippetsOf(page: string, text: string): Snippet[] {
  const blocks = blocksOf(text)
  const snippets: Snippet[] = []
  for (const [index, block] of blocks.entries()) {
    if (block.language !== 'ts') continue
    const previous = snippets.at(-1)
    if (block.words.includes('continued')) {
      if (!previous) throw new Error(`${page}:${block.firstLine} continues nothing`)
      snippets[snippets.length - 1] = { ...previous, code: joined(previous, block) }
      continue
    }
    const following = blocks[index + 1]
    const runnable = block.words.includes('runnable')
    snippets.push({
      page,
      fileName: nameOf(block) ?? `snippet-${block.firstLine}.ts`,
      code: '\n'.repeat(block.firstLine - 1) + block.lines.join('\n'),
      firstLine: block.firstLine,
      runnable,
      output: runnable && following?.language === 'text' ? following.lines.join('\n') : undefined,
    })
  }
  return snippets
}

function blocksOf(text: string): Block[] {
  const blocks: Block[] = []
  let open: { language: string; words: string[]; lines: string[]; firstLine: number } | undefined
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^```(\S*)\s*(.*)$/.exec(line)
    if (!fence) open?.lines.push(line)
    else if (open) {
      blocks.push(open)
      open = undefined
    } else {
      const [, language = '', words = ''] = fence
      open = { language, words: words.split(/\s+/), lines: [], firstLine: index + 2 }
    }
  }
  if (open) throw new Error(`the block at line ${open.firstLine} is not closed`)
  return blocks
}

function nameOf(block: Block): string | undefined {
  return /^\/\/ ([\w-]+(?:\.[\w-]+)*\.ts)\b/.exec(block.lines[0] ?? '')?.[1]
}

/** The code of both, with each line where the page has it. */
function joined(previous: Snippet, block: Block): string {
  const lines = previous.code.split('\n').length
  return previous.code + '\n'.repeat(block.firstLine - lines) + block.lines.join('\n')
}
