import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { ConfigError } from '../../../src/core/errors.ts'
import { load } from '../../../src/broker/kafkajs/transport/kafkajs-modules.ts'

const real = createRequire(import.meta.url) as (path: string) => unknown

it('takes the installed kafkajs', () => {
  expect(load(real).Connection).toBeTypeOf('function')
})

it.each([
  ['a class without the methods', function Connection(): void {}, /has no connect\(\)/],
  ['no class', {}, /is no class/],
])(
  'refuses a kafkajs whose connection is %s, naming its version and the right one',
  (_, part, why) => {
    const other = (path: string): unknown => {
      if (path.endsWith('package.json')) return { version: '3.0.0' }
      return path.endsWith('connection') ? part : (): unknown => undefined
    }
    expect(() => load(other)).toThrow(ConfigError)
    expect(() => load(other)).toThrow(why)
    expect(() => load(other)).toThrow(/\(3\.0\.0\).*kafkajs@2\.2\.4/)
  },
)

it('refuses a kafkajs that lacks the file', () => {
  const none = (path: string): unknown => {
    throw new Error(`Cannot find ${path}`)
  }
  expect(() => load(none)).toThrow(/kafkajs\/src\/network\/connection cannot be loaded/)
})
