// Runs the test suites that this machine can run, and says which it leaves out and why.
//
//   npm test                          everything that can run here
//   npm test -- test/dsl              files whose path contains this
//   npm test -- --project unit        one suite: unit, simulator, oracle, kafka or browser
//
// ALL_SEEDS=1            runs 2,000 seeds of the simulator instead of 1,000, as CI does
// TEST_REPORT=<file>     also writes vitest's JSON report there
// TEST_REQUIRE_ALL=1     leaving a suite out is a failure
import { spawnSync } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { whyNoBrowser, whyNoKafka, whyNoOracle } from './machine.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const passedOn = process.argv.slice(2)

const suites = [
  { project: 'unit', about: 'the unit and embedded suites', why: undefined },
  { project: 'simulator', about: 'the simulator', why: undefined },
  { project: 'oracle', about: 'the suite that runs Kafka Streams itself', why: whyNoOracle() },
  { project: 'kafka', about: 'the suites on a real Kafka and schema registry', why: whyNoKafka() },
  { project: 'browser', about: 'the suites in a real browser', why: whyNoBrowser() },
]

const chosenByHand = passedOn.some((argument) => argument.startsWith('--project'))
const running = suites.filter((suite) => suite.why === undefined)
const leftOut = chosenByHand ? [] : suites.filter((suite) => suite.why !== undefined)

sayWhatIsLeftOut()
const status = runVitest()
sayWhatIsLeftOut()

if (leftOut.length > 0 && process.env.TEST_REQUIRE_ALL === '1') {
  console.error('Every suite is required here (TEST_REQUIRE_ALL=1): this run has failed.')
  process.exit(1)
}
process.exit(status)

function runVitest() {
  const projects = chosenByHand ? [] : running.map((suite) => `--project=${suite.project}`)
  const report = process.env.TEST_REPORT
  const reporters = report
    ? ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
    : []
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const result = spawnSync(
    process.execPath,
    [vitest, 'run', ...projects, ...reporters, ...passedOn],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  )
  return result.status ?? 1
}

function sayWhatIsLeftOut() {
  for (const suite of leftOut) console.log(`LEFT OUT: ${suite.about}: ${suite.why}.`)
}
