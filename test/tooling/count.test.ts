import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-count-'))
})

afterEach(() => rmSync(folder, { recursive: true, force: true }))

interface FileReport {
  readonly name: string
  readonly status: string
  readonly assertionResults: readonly { readonly status: string }[]
}

const kafka = fileReport('test/kafka/broker.test.ts', 'passed')
const browser = fileReport('test/browser/page.test.ts', 'passed')

it('adds up the reports of all runs', () => {
  report('all-suites.json', { passed: 7, files: [kafka, browser] })
  report('unit-node-24.json', { passed: 5, files: [] })
  expect(count(0)).toEqual({ line: '12 passed, 0 failed', status: 0 })
})

it('fails when a suite that is required has not run', () => {
  report('all-suites.json', { passed: 7, files: [browser] })
  expect(count(0)).toEqual({ line: '7 passed, 1 failed', status: 1 })
})

it('fails for a failed test, a skipped one and a file that could not be loaded', () => {
  const broken = { name: resolve('test/dsl/a.test.ts'), status: 'failed', assertionResults: [] }
  report('all-suites.json', { passed: 4, failed: 2, skipped: 1, files: [kafka, browser, broken] })
  expect(count(0)).toEqual({ line: '4 passed, 4 failed', status: 1 })
})

it('fails for a step that failed, though all tests passed', () => {
  report('all-suites.json', { passed: 4, files: [kafka, browser] })
  expect(count(1)).toEqual({ line: '4 passed, 1 failed', status: 1 })
})

it('fails when nothing was run at all', () => {
  expect(count(0)).toEqual({ line: '0 passed, 1 failed', status: 1 })
})

function fileReport(path: string, status: string): FileReport {
  return { name: resolve(path), status, assertionResults: [{ status }] }
}

function report(
  name: string,
  facts: { passed: number; failed?: number; skipped?: number; files: readonly FileReport[] },
): void {
  const { passed, failed = 0, skipped = 0, files } = facts
  const content = {
    numPassedTests: passed,
    numFailedTests: failed,
    numPendingTests: skipped,
    numTodoTests: 0,
    testResults: files,
  }
  writeFileSync(join(folder, name), JSON.stringify(content))
}

function count(failedSteps: number): { line: string | undefined; status: number | null } {
  const result = spawnSync(process.execPath, ['.ci/count.mjs', folder, String(failedSteps)], {
    encoding: 'utf8',
  })
  return { line: result.stdout.trimEnd().split('\n').at(-1), status: result.status }
}
