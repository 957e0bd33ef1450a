import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { boundaries as budget } from '../budgets.mjs'
import { root } from '../project.mjs'
import { runCommand, tool } from './run-command.mjs'

/**
 * The rooms of docs/architecture.md. dependency-cruiser can report nothing and succeed, as when it does not know the
 * compiler's version, so what it saw is held against what is there.
 */
export async function boundaries() {
  const cruise = await runCommand(
    tool(
      'dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.mjs',
      '--output-type',
      'json',
      'src',
      'examples',
      'benchmarks',
    ),
  )
  if (!cruise.stdout.startsWith('{')) throw new Error(cruise.stdout + cruise.stderr)
  const { modules, summary } = JSON.parse(cruise.stdout)
  const violations = summary.violations.map(
    ({ rule, from, to, cycle }) =>
      `${rule.name}: ${from} → ${cycle ? cycle.map(({ name }) => name).join(' → ') : to}`,
  )
  if (violations.length > 0) throw new Error(violations.join('\n'))
  const seen = new Set(modules.map(({ source }) => source))
  const overlooked = sourceFiles().filter((path) => !seen.has(path))
  if (overlooked.length > 0) throw new Error(`Modules not seen:\n${overlooked.join('\n')}`)
  const own = [...seen].filter((path) => path.startsWith('src/')).length
  if (own < budget.leastModules) {
    throw new Error(
      `Only ${own} modules of src/ were seen; there are at least ${budget.leastModules}.`,
    )
  }
  return `${own} modules, ${summary.totalDependenciesCruised} dependencies`
}

function sourceFiles() {
  return readdirSync(join(root, 'src'), { recursive: true })
    .filter((path) => path.endsWith('.ts') && !path.includes('generated'))
    .map((path) => `src/${path.replaceAll('\\', '/')}`)
}
