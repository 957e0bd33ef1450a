// Writes the golden files of the codec's tests anew; see README.md beside this file.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { kafkaJars } from '../../../../scripts/services/kafka.ts'

const program = fileURLToPath(new URL('./GoldenBatches.java', import.meta.url))
const target = fileURLToPath(new URL('../codec/golden', import.meta.url))

const jars = await kafkaJars()
execFileSync('java', ['-cp', join(jars, '*'), program, target], { stdio: 'inherit' })
