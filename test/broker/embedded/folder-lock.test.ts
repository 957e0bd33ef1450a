import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BrokerError } from '../../../src/core/errors.ts'
import { brokerOn, temporaryFolder } from './folder.ts'

function writeLock(folder: string, holder: object | string): string {
  const path = join(folder, 'lock')
  writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder))
  return path
}

describe('the lock of an embedded broker’s folder', () => {
  it('keeps others out while the process that has it lives, and names it', () => {
    const folder = temporaryFolder()
    const holder = { pid: process.ppid, host: hostname(), folder: realpathSync(folder) }
    const path = writeLock(folder, holder)
    for (const words of [folder, String(process.ppid), `delete ${path}`]) {
      expect(() => brokerOn(folder)).toThrow(words)
    }
    expect(existsSync(path)).toBe(true)
  })

  it('keeps nobody out when its process has ended, or it came along with a copy', async () => {
    const { pid } = spawnSync(process.execPath, ['--version'])
    for (const holderOf of [
      (folder: string) => ({ pid, host: hostname(), folder }),
      () => ({ pid: process.ppid, host: hostname(), folder: '/of/which/this/is/a/copy' }),
      (folder: string) => ({ pid: process.ppid, host: `not ${hostname()}`, folder }),
      () => 'cut off',
    ]) {
      const folder = temporaryFolder()
      const path = writeLock(folder, holderOf(realpathSync(folder)))
      const broker = brokerOn(folder)
      expect(readFileSync(path, 'utf8')).toContain(String(process.pid))
      await broker.close()
      expect(existsSync(path)).toBe(false)
    }
  })

  it('is let go of where the file cannot be read', () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'journal'), 'something else entirely')
    for (let turn = 0; turn < 2; turn++) {
      expect(() => brokerOn(folder)).toThrow(BrokerError)
      expect(() => brokerOn(folder)).toThrow('damaged at byte 0')
    }
  })
})
