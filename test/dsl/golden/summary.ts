import { existsSync, readdirSync } from 'node:fs'
import { readVectors } from '../random/vectors.ts'

const here = new URL('./', import.meta.url)
const golden = new URL('../../golden/', import.meta.url)

/** How many of a family's topologies are compared in which way. */
interface FamilyCounts {
  readonly family: string
  readonly topologies: number
  readonly described: number
  readonly run: number
  readonly refused: number
}

/** The table of what is compared with Kafka Streams, in Markdown. */
export async function goldenTable(): Promise<string> {
  const families = await countFamilies()
  const sum = (of: keyof Omit<FamilyCounts, 'family'>): number =>
    families.map((family) => family[of]).reduce((a, b) => a + b, 0)
  const rows = families.map(({ family, topologies, described, run, refused }) =>
    [family, topologies, described, run, refused].map(String),
  )
  const random = readVectors()
  rows.push(['random topologies', ...[random.length, random.length, random.length, 0].map(String)])
  const all = (of: keyof Omit<FamilyCounts, 'family'>, more: number): string =>
    String(sum(of) + more)
  rows.push([
    'all',
    all('topologies', random.length),
    all('described', random.length),
    all('run', random.length),
    all('refused', 0),
  ])
  return aligned([
    ['family', 'topologies', 'same description', 'same records and stores', 'refused by both'],
    ...rows,
  ])
}

async function countFamilies(): Promise<FamilyCounts[]> {
  const counts: FamilyCounts[] = []
  for (const file of readdirSync(here).sort()) {
    if (!file.endsWith('-topologies.ts') || file === 'all-topologies.ts') continue
    const exported = (await import(new URL(file, here).href)) as Record<string, object>
    const names = Object.values(exported).flatMap((family) => Object.keys(family))
    const having = (folder: string, ending: string): number =>
      names.filter((name) => existsSync(new URL(`${folder}/${name}.${ending}`, golden))).length
    counts.push({
      family: file.replace('-topologies.ts', '').replaceAll('-', ' '),
      topologies: names.length,
      described: having('describe', 'txt'),
      run: having('behaviour', 'json'),
      refused: having('refused', 'txt'),
    })
  }
  return counts
}

/** A table with its columns as wide as what is in them; numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string => {
    const cells = row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!),
    )
    return `| ${cells.join(' | ')} |`
  }
  const ruler = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  )
  return [line(rows[0]!), `| ${ruler.join(' | ')} |`, ...rows.slice(1).map(line)].join('\n')
}
