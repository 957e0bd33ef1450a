import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BrokerError } from '../../../src/core/errors.ts'
import { readAll, valuesOf } from '../contract/reading.ts'
import { brokerOn, journalOf, temporaryFolder } from './folder.ts'

describe("an embedded broker's folder", () => {
  it('is refused to a second broker of the process until the first is closed', async () => {
    const folder = temporaryFolder()
    const alias = join(temporaryFolder(), 'alias')
    symlinkSync(folder, alias)
    const first = brokerOn(folder)
    expect(() => brokerOn(folder)).toThrow(BrokerError)
    expect(() => brokerOn(folder)).toThrow(folder)
    expect(() => brokerOn(alias)).toThrow(BrokerError)
    await first.close()
    await using next = brokerOn(folder)
    expect(await next.open().listTopics()).toEqual([])
  })

  it('belongs to the process that has it, and to nobody once that is killed', async () => {
    const folder = temporaryFolder()
    const script = fileURLToPath(new URL('hold-folder.ts', import.meta.url))
    const holder = spawn(process.execPath, ['--import', 'tsx', script, folder], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    onTestFinished(() => void holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    expect(() => brokerOn(folder)).toThrow(BrokerError)
    expect(() => brokerOn(folder)).toThrow(`process ${holder.pid}`)
    const ended = once(holder, 'exit')
    holder.kill('SIGKILL')
    await ended
    await using next = brokerOn(folder)
    expect(valuesOf(await readAll(next.open(), 'topic'))).toEqual(['of the killed process'])
  })

  it('is let go of where the broker cannot be opened', async () => {
    const folder = temporaryFolder()
    {
      await using broker = brokerOn(folder)
      await broker.open().createTopics([{ name: 'topic', partitions: 1 }])
    }
    const { path } = journalOf(folder)
    const bytes = readFileSync(path)
    writeFileSync(path, Buffer.alloc(bytes.length, 'damaged'))
    expect(() => brokerOn(folder)).toThrow(/damaged/)
    writeFileSync(path, bytes)
    await using broker = brokerOn(folder)
    expect(await broker.open().listTopics()).toEqual(['topic'])
  })
})
