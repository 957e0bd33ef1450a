// Everything beside the tests that must hold: `npm run verify`, or some gates by name: `npm run verify -- lint types`.
import { api } from './gates/api.mjs'
import { boundaries } from './gates/boundaries.mjs'
import { installed, packed } from './gates/pack.mjs'
import { mustSucceed, tool } from './gates/run-command.mjs'
import { types } from './gates/types.mjs'

const update = process.argv.includes('--update')
const chosen = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

// The gates of one row run beside each other; rows follow one another.
const rows = [
  [
    gate('format', () => command('prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.')),
    gate('lint', () => command('oxlint/bin/oxlint', '--type-aware', '--format=unix')),
  ],
  [gate('types', types), gate('boundaries', boundaries)],
  [gate('dead code', () => command('knip/bin/knip.js')), gate('build', build)],
  [gate('api', () => api({ update })), gate('package', packed)],
  [gate('install', installed)],
]

const names = rows.flat().map(({ name }) => name)
const unknown = chosen.filter((name) => !names.includes(name))
if (unknown.length > 0) {
  console.error(`There is no gate ${unknown.join(', ')}; there are ${names.join(', ')}.`)
  process.exit(2)
}

const failed = []
for (const row of rows) {
  await Promise.all(row.filter(({ name }) => chosen.length === 0 || chosen.includes(name)).map(run))
}
if (failed.length > 0) {
  console.error(`\nverify failed: ${failed.join(', ')}`)
  process.exit(1)
}
console.log('\nverify passed')

function gate(name, check) {
  return { name, check }
}

async function run({ name, check }) {
  const began = performance.now()
  const seconds = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  try {
    const detail = await check()
    console.log(`ok    ${name} (${detail ? `${detail}; ` : ''}${seconds()})`)
  } catch (error) {
    failed.push(name)
    console.log(`FAIL  ${name} (${seconds()})\n${indented(error.message)}`)
  }
}

async function command(path, ...args) {
  await mustSucceed(tool(path, ...args))
}

async function build() {
  await mustSucceed([process.execPath, 'scripts/build.mjs'])
}

function indented(text) {
  return text.replaceAll(/^/gm, '      ')
}
