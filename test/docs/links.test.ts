import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, it } from 'vitest'
import { pages, root, textOf } from './snippets.ts'

interface Link {
  readonly page: string
  readonly target: string
}

const links = pages().flatMap((page) =>
  [...withoutCode(textOf(page)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']): Link => ({
    page,
    target,
  })),
)

it('every link between the pages leads somewhere', () => {
  const inside = links.filter(({ target }) => !/^[a-z]+:/.test(target))
  expect(inside.length).toBeGreaterThan(10)
  expect(inside.filter((link) => !leadsSomewhere(link))).toEqual([])
})

function leadsSomewhere({ page, target }: Link): boolean {
  const [file = '', heading] = target.split('#')
  const path = file === '' ? page : normalize(join(dirname(page), file))
  if (!existsSync(join(root, path))) return false
  return heading === undefined || headingsOf(textOf(path)).includes(heading)
}

/** As GitHub makes anchors of headings. */
function headingsOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replaceAll(/^```[\s\S]*?^```$/gm, '')
}
