import { typeCheck as budget } from '../budgets.mjs'
import { runCommand, tool } from './run-command.mjs'

/** The type check, and what it cost. */
export async function types() {
  const { status, stdout } = await runCommand(
    tool('typescript/bin/tsc', '-p', '.', '--extendedDiagnostics'),
  )
  if (status !== 0) throw new Error(stdout.replace(/^Files: [\s\S]*/m, '').trim())
  const number = (label) => Number(new RegExp(`^${label}:\\s+([\\d.]+)`, 'm').exec(stdout)?.[1])
  const instantiations = number('Instantiations')
  const seconds = number('Check time')
  const cost = `${instantiations} instantiations, ${seconds} s of checking`
  if (!(instantiations <= budget.instantiations && seconds <= budget.checkSeconds)) {
    throw new Error(
      `Over budget: ${cost}; allowed are ${budget.instantiations} and ${budget.checkSeconds} s.`,
    )
  }
  return cost
}
