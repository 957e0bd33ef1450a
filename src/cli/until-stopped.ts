import type { Logger } from '../core/logger.ts'

const codeOfSignal = { SIGINT: 130, SIGTERM: 143 } as const

/** Resolves at the first SIGINT or SIGTERM; a second one ends the process at once, with the shell's code for it. */
export function untilStopped(logger: Logger): { readonly stopped: Promise<void>; end(): void } {
  let signals = 0
  const handlers = new Map<NodeJS.Signals, () => void>()
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      const onSignal = (): void => {
        if (signals++ > 0) process.exit(codeOfSignal[signal])
        logger.info(`${signal}: finishing what is in hand; once more to stop at once`)
        resolve()
      }
      handlers.set(signal, onSignal)
      process.on(signal, onSignal)
    }
  })
  return {
    stopped,
    end() {
      for (const [signal, handler] of handlers) process.off(signal, handler)
    },
  }
}
