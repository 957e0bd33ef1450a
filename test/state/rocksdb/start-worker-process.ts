import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import type { BindingName } from 'millrace/state/rocksdb'

/** A worker in a process of its own that commits without end. */
export interface WorkerProcess {
  /** Resolves when it has said that it committed so many times. */
  committed(times: number): Promise<void>
  /** Ends it as a power switch would; resolves when it is gone, with the last commit that it told of. */
  kill(): Promise<number>
}

export function startWorkerProcess(folder: string, binding: BindingName): WorkerProcess {
  const script = fileURLToPath(new URL('worker-process.ts', import.meta.url))
  const { NODE_OPTIONS: _, ...env } = process.env
  const child = spawn(process.execPath, ['--import', 'tsx', script, folder, binding], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  let last = 0
  let errors = ''
  const waiting = new Set<() => void>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = Number(/^committed (\d+)$/.exec(line)?.[1] ?? last)
    for (const wake of waiting) wake()
  })
  child.stderr.on('data', (text) => (errors += String(text)))
  const kill = async (): Promise<number> => {
    child.kill('SIGKILL')
    await exited
    return last
  }
  onTestFinished(async () => void (await kill()))
  return {
    kill,
    committed: (times) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (last < times) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        void exited.then(() => reject(new Error(`The worker process ended: ${errors}`)))
        look()
      }),
  }
}
