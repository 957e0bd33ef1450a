import { LifecycleError } from '../core/errors.ts'
import { errorMessage, errorOf, type ErrorMessage } from './error-message.ts'

/** What either end of a channel answers, by name. Arguments and results are data that structured cloning can copy. */
export type Calls = Readonly<globalThis.Record<string, (...args: never[]) => unknown>>

/** A port between two threads: a `MessagePort`, a `Worker`, or `parentPort`. */
export interface Port {
  postMessage(message: unknown, transfer: readonly never[]): void
  on(event: 'message', listener: (message: unknown) => void): unknown
}

type Message =
  | { readonly type: 'call'; readonly id: number; readonly name: string; readonly args: unknown[] }
  | { readonly type: 'tell'; readonly name: string; readonly args: unknown[] }
  | { readonly type: 'answer'; readonly id: number; readonly value: unknown }
  | { readonly type: 'refusal'; readonly id: number; readonly error: ErrorMessage }

interface Waiting {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** Calls across a port between two threads. What the other end throws is thrown here, as the error that it was. */
export class PortChannel<Remote extends Calls> {
  readonly #port: Port
  readonly #answers: Calls
  readonly #waiting = new Map<number, Waiting>()
  #nextId = 0
  #ended: Error | undefined

  constructor(port: Port, answers: Calls) {
    this.#port = port
    this.#answers = answers
    port.on('message', (message) => void this.#receive(message as Message))
  }

  /** Calls what the other end has under this name. Rejects with what it threw, or with what ended the channel. */
  call<Name extends keyof Remote & string>(
    name: Name,
    ...args: Parameters<Remote[Name]>
  ): Promise<Awaited<ReturnType<Remote[Name]>>> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject })
      try {
        this.#post({ type: 'call', id, name, args })
      } catch (error) {
        this.#waiting.delete(id)
        reject(error as Error)
      }
    })
  }

  /** The same without an answer. */
  tell<Name extends keyof Remote & string>(name: Name, ...args: Parameters<Remote[Name]>): void {
    if (!this.#ended) this.#post({ type: 'tell', name, args })
  }

  /** Rejects what waits for an answer, and all that is called from here on. */
  end(error: Error): void {
    this.#ended ??= error
    for (const { reject } of this.#waiting.values()) reject(error)
    this.#waiting.clear()
  }

  async #receive(message: Message): Promise<void> {
    switch (message.type) {
      case 'tell':
        await this.#run(message.name, message.args)
        return
      case 'call':
        await this.#answer(message.id, message.name, message.args)
        return
      case 'answer':
        this.#settle(message.id)?.resolve(message.value)
        return
      case 'refusal':
        this.#settle(message.id)?.reject(errorOf(message.error))
    }
  }

  async #answer(id: number, name: string, args: readonly unknown[]): Promise<void> {
    try {
      this.#post({ type: 'answer', id, value: await this.#run(name, args) })
    } catch (error) {
      this.#post({ type: 'refusal', id, error: errorMessage(error) })
    }
  }

  #run(name: string, args: readonly unknown[]): unknown {
    const answer = this.#answers[name]
    if (!answer) throw new LifecycleError(`There is nothing that answers ${name} in this thread`)
    return answer(...(args as never[]))
  }

  #settle(id: number): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    return waiting
  }

  #post(message: Message): void {
    this.#port.postMessage(message, [])
  }
}
