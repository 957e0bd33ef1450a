import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const root = fileURLToPath(new URL('../..', import.meta.url))

/** A command that has ended. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A command that runs. */
export interface RunningCli {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** Resolves when the output has this in it. */
  untilPrinted(text: RegExp): Promise<void>
  /** What it has written so far, to standard output and to standard error. */
  written(): { readonly stdout: string; readonly stderr: string }
}

/** Starts `millrace` from source. */
export function startCli(
  args: readonly string[],
  options: {
    readonly cwd?: string
    readonly env?: Readonly<globalThis.Record<string, string>>
  } = {},
): RunningCli {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    cwd: options.cwd ?? root,
    env: { ...process.env, ...options.env, TSX_TSCONFIG_PATH: `${root}/tsconfig.json` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  const watchers = new Set<() => void>()
  child.stdout.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
    for (const look of watchers) look()
  })
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString()))
  const ended = once(child, 'close').then(([code]) => ({
    code: code as number | null,
    stdout,
    stderr,
  }))
  const untilPrinted = (text: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!text.test(stdout)) return
        watchers.delete(look)
        resolve()
      }
      watchers.add(look)
      void ended.then((end) => reject(new Error(`it ended with ${end.code}: ${end.stderr}`)))
      look()
    })
  return { child, ended, untilPrinted, written: () => ({ stdout, stderr }) }
}

/** Runs `millrace` to its end. */
export function runCli(...args: Parameters<typeof startCli>): Promise<Ended> {
  return startCli(...args).ended
}
