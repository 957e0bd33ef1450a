// Adds up what vitest's JSON reports in a folder say and prints `N passed, N failed` as the last line.
//
//   node .ci/count.mjs <folder> <failed steps>
//
// A step that failed counts as one, and so does a test file that could not be loaded, a skipped test, and a suite
// that should have run and is absent from the report. Exits with 1 when anything failed.
import { readFileSync, readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

/** Folders of which each must have run, by report. */
const mustHaveRun = { 'all-suites.json': ['test/kafka/', 'test/browser/'] }

const [folder, failedSteps] = process.argv.slice(2)
let passed = 0
let failed = Number(failedSteps)

for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
  const report = JSON.parse(readFileSync(join(folder, name), 'utf8'))
  const notRun = report.numPendingTests + report.numTodoTests
  const brokenFiles = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(isFailed),
  )
  const absent = (mustHaveRun[name] ?? []).filter(
    (prefix) => !report.testResults.some(ranIn(prefix)),
  )
  console.log(
    `${name}: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${notRun} skipped, ` +
      `${brokenFiles.length} files broken`,
  )
  for (const prefix of absent) console.log(`FAILED: no test of ${prefix} has run`)
  passed += report.numPassedTests
  failed += report.numFailedTests + notRun + brokenFiles.length + absent.length
}

if (passed === 0) failed += 1
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function isFailed(assertion) {
  return assertion.status === 'failed'
}

function ranIn(prefix) {
  return (file) =>
    relative(process.cwd(), file.name).startsWith(prefix) &&
    file.assertionResults.some((assertion) => assertion.status === 'passed')
}
