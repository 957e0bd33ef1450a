import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const entry = fileURLToPath(new URL('../../src/testing/index.ts', import.meta.url))

/** Runs this in a process of its own and gives the packages that it loaded, by `import` or `require`. */
function packagesLoadedBy(script: string): string {
  const hooks = `
    import { writeSync } from 'node:fs'
    import { EOL } from 'node:os'
    export async function resolve(specifier, context, next) {
      const resolved = await next(specifier, context)
      writeSync(1, resolved.url + EOL)
      return resolved
    }
  `
  const program = `
    import { createRequire, register } from 'node:module'
    import { EOL } from 'node:os'
    register('data:text/javascript,' + encodeURIComponent(\`${hooks}\`))
    ${script}
    console.log(Object.keys(createRequire('${entry}').cache).join(EOL))
  `
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  )
  const packages = output.match(/(?<=node_modules\/)(@[^/]+\/)?[^/\s]+/g) ?? []
  return [...new Set(packages)].sort().join(' ')
}

it('sees what a process loads', () => {
  expect(packagesLoadedBy("await import('kafkajs')")).toContain('kafkajs')
})

it('importing millrace/testing and running a driver loads neither rocksdb nor kafkajs', () => {
  const loaded = packagesLoadedBy(`
    const { TopologyTestDriver } = await import('${entry}')
    const plan = { subTopologies: [], globalStores: [], internalTopics: new Map() }
    const driver = await TopologyTestDriver.create({ plan: () => plan })
    await driver.close()
  `)
  expect(loaded).not.toMatch(/kafkajs|rocksdb/)
})
