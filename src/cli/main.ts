#!/usr/bin/env node
import { CommanderError } from 'commander'
import { endWithReader } from './end-with-reader.ts'
import { describeError, exitCodeOf } from './exit-code.ts'
import { createProgram } from './program.ts'

endWithReader()

const program = createProgram()
try {
  await program.parseAsync()
} catch (error) {
  // What is wrong with a command line was printed by its parser.
  if (!(error instanceof CommanderError)) {
    const verbose = program.opts<{ verbose?: true }>().verbose === true
    process.stderr.write(`${describeError(error, verbose)}\n`)
  }
  process.exitCode = exitCodeOf(error)
}
