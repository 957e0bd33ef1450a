import { BrokerUnavailableError, LifecycleError } from '../../core/errors.ts'
import type { BrokerState } from './broker-state.ts'

/** Something of a client's that ends with it. */
export interface ClientResource {
  close(): Promise<void>
  /** Ends at once, telling the broker nothing. */
  crash(error: Error): void
}

/** One client's dealings with the broker: its requests, what it has open, and its end. */
export class ClientSession {
  readonly state: BrokerState
  readonly clientId: string
  readonly #resources = new Set<ClientResource>()
  /** Called with the reason when the client ends: what waits for something then waits no longer. */
  readonly #waiting = new Set<(ended: Error) => void>()
  /** Why it can no longer be used; undefined while it can. */
  #ended: Error | undefined

  constructor(state: BrokerState, clientId: string) {
    this.state = state
    this.clientId = clientId
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined
  }

  /** The one place that each request passes. Rejects where the client has ended, or the broker's hook says so. */
  async request(name: string, signal?: AbortSignal, again?: () => void): Promise<void> {
    this.checkUsable()
    signal?.throwIfAborted()
    const held = this.state.onRequest?.(this.clientId, name, again)
    if (held) await this.#whileUsable(held, signal)
    this.checkUsable()
    signal?.throwIfAborted()
  }

  /** Makes a request that may arrive more than once, as the broker's hook says; the answer is the first one's. */
  async perform<T>(name: string, effect: () => T): Promise<T> {
    const again = (): void => {
      try {
        effect()
      } catch {
        // Nobody waits for this answer.
      }
    }
    await this.request(name, undefined, again)
    return effect()
  }

  checkUsable(): void {
    if (this.#ended) throw this.#ended
  }

  /** Calls back when the client ends; returns what ends that. */
  onEnd(ended: (error: Error) => void): () => void {
    this.#waiting.add(ended)
    return () => this.#waiting.delete(ended)
  }

  track<R extends ClientResource>(resource: R): R {
    this.checkUsable()
    this.#resources.add(resource)
    return resource
  }

  untrack(resource: ClientResource): void {
    this.#resources.delete(resource)
  }

  /** Closes all that was opened. Throws the first failure, after everything is closed. */
  async close(): Promise<void> {
    if (this.#ended) return
    const closed = await Promise.allSettled([...this.#resources].map((each) => each.close()))
    this.#end(new LifecycleError('The client of the embedded broker is closed'))
    const failed = closed.find((each) => each.status === 'rejected')
    if (failed) throw failed.reason
  }

  crash(): void {
    const error = new BrokerUnavailableError('This client of the embedded broker has crashed')
    this.#end(error)
    this.#ended = error
    for (const resource of this.#resources) resource.crash(error)
    this.#resources.clear()
  }

  #end(error: Error): void {
    if (this.#ended) return
    this.#ended = error
    for (const ended of [...this.#waiting]) ended(error)
  }

  #whileUsable(held: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    return new Promise<void>((resolve, reject) => {
      const stop = this.onEnd((error) => end(() => reject(error)))
      const onAbort = (): void => end(() => reject(signal?.reason as Error))
      const end = (finish: () => void): void => {
        stop()
        signal?.removeEventListener('abort', onAbort)
        finish()
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      held.then(
        () => end(resolve),
        (error: Error) => end(() => reject(error)),
      )
    })
  }
}
