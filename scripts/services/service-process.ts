import { spawn, type ChildProcess } from 'node:child_process'

/** How to start a service's process. */
export interface ServiceCommand {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /** Removed when this process dies without stopping the service. */
  readonly removeOnDeath?: string
}

/** A child process that does not outlive this one and whose last output is at hand for error messages. */
export interface ServiceProcess {
  readonly pid: number
  /** Resolves when the process has ended, however it did. */
  readonly exited: Promise<void>
  /** True once it has ended. */
  hasExited(): boolean
  /** The end of what it wrote to its outputs. */
  lastOutput(): string
  /** Ends it and waits: `SIGTERM`, followed by `SIGKILL` after `graceMs`. */
  stop(signal?: NodeJS.Signals, graceMs?: number): Promise<void>
}

const keptOutput = 8000

/** Starts a service as a child process. */
export function startServiceProcess(command: ServiceCommand): ServiceProcess {
  const child = spawn(command.command, command.args, {
    cwd: command.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutput)
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)
  const onOwnExit = (): void => void child.kill('SIGKILL')
  process.once('exit', onOwnExit)
  const guard = child.pid === undefined ? undefined : startGuard(child.pid, command.removeOnDeath)
  const exited = new Promise<void>((resolve) => {
    const ended = (): void => {
      guard?.kill('SIGKILL')
      process.off('exit', onOwnExit)
      resolve()
    }
    child.once('exit', ended)
    child.once('error', (error) => {
      output += `\n${command.name} could not be started: ${error.message}`
      ended()
    })
  })
  // A waiting service does not keep its user's process alive.
  child.unref()
  for (const stream of [child.stdout, child.stderr]) unrefStream(stream)
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null
  return {
    pid: child.pid ?? -1,
    exited,
    hasExited,
    lastOutput: () => output.trim(),
    async stop(signal = 'SIGTERM', graceMs = 10_000) {
      if (child.pid === undefined || hasExited()) return
      child.ref()
      child.kill(signal)
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs)
      await exited
      clearTimeout(timer)
    },
  }
}

/**
 * A shell that waits for this process to close its end of a pipe, which the system does however it dies, and then
 * ends the service. An exit handler alone would leave the service running after a kill -9.
 */
function startGuard(pid: number, remove: string | undefined): ChildProcess | undefined {
  if (process.platform === 'win32') return undefined
  const cleanUp = remove === undefined ? '' : '; sleep 1; rm -rf "$1"'
  const guard = spawn(
    'sh',
    ['-c', `cat >/dev/null; kill -9 ${pid}${cleanUp}`, 'guard', remove ?? ''],
    {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    },
  )
  guard.on('error', () => undefined)
  guard.unref()
  unrefStream(guard.stdin)
  return guard
}

/** Pipes of child processes are sockets, which their declared type does not say. */
function unrefStream(stream: unknown): void {
  ;(stream as { unref?(): void } | null)?.unref?.()
}
