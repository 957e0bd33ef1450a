import type { Clock } from '../../core/clock.ts'
import { LifecycleError, SchemaRegistryError, messageOf } from '../../core/errors.ts'

/** An answer of the registry: a status, and JSON where it sent some. */
export interface RegistryAnswer {
  readonly status: number
  readonly body: unknown
}

export interface RegistryRequestsOptions {
  /** Without credentials and without a slash at its end. */
  readonly url: string
  readonly authorization: string | undefined
  readonly timeoutMs: number
  readonly retries: number
  readonly clock: Clock
}

const firstPauseMs = 100

/**
 * Requests to a registry: each attempt has a time limit, and what may succeed later (no connection, no answer in time,
 * a server's own failure) is tried again after a pause that doubles.
 */
export class RegistryRequests {
  readonly url: string
  readonly #options: RegistryRequestsOptions
  readonly #closing = new AbortController()

  constructor(options: RegistryRequestsOptions) {
    this.url = options.url
    this.#options = options
  }

  get(path: string): Promise<RegistryAnswer> {
    return this.#send('GET', path, undefined)
  }

  post(path: string, body: unknown): Promise<RegistryAnswer> {
    return this.#send('POST', path, body)
  }

  put(path: string, body: unknown): Promise<RegistryAnswer> {
    return this.#send('PUT', path, body)
  }

  /** Ends the requests that are under way and refuses new ones. */
  close(): void {
    this.#closing.abort(this.#closed())
  }

  /** The error for an answer that is none of those a caller can use. */
  refusal(what: string, answer: RegistryAnswer): SchemaRegistryError {
    return new SchemaRegistryError(
      `The schema registry at ${this.url} refused ${what}: ${answerText(answer)}`,
      { retriable: answer.status >= 500 },
    )
  }

  /** Runs something that asks the registry, with the time limit and the repetitions of every request. */
  async attempts<T>(what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { retries, clock } = this.#options
    for (let attempt = 0; ; attempt++) {
      if (this.#closing.signal.aborted) throw this.#closed()
      try {
        return await this.#inTime(what, run)
      } catch (error) {
        const retriable = error instanceof SchemaRegistryError && error.retriable
        if (!retriable || attempt >= retries) throw error
        await clock.sleep(firstPauseMs * 2 ** attempt, this.#closing.signal)
      }
    }
  }

  #send(method: string, path: string, body: unknown): Promise<RegistryAnswer> {
    const what = `${method} ${path}`
    return this.attempts(what, async (signal) => {
      const answer = await this.#fetch(method, path, body, signal)
      if (answer.status >= 500 || answer.status === 429 || answer.status === 408) {
        throw new SchemaRegistryError(
          `The schema registry at ${this.url} failed at ${what}: ${answerText(answer)}`,
          { retriable: true },
        )
      }
      if (answer.status === 401 || answer.status === 403) throw this.refusal(what, answer)
      // A web server that is no registry also answers 404; taken for "no such schema" it would condemn every record.
      if (answer.status === 404 && !isRegistrysNotFound(answer)) {
        throw new SchemaRegistryError(
          `There is no schema registry at ${this.url} (${what} gave ${answerText(answer)}): the address may lack ` +
            'the path of its Confluent API, such as /apis/ccompat/v7',
        )
      }
      return answer
    })
  }

  async #fetch(
    method: string,
    path: string,
    body: unknown,
    signal: AbortSignal,
  ): Promise<RegistryAnswer> {
    const { authorization } = this.#options
    const response = await fetch(this.url + path, {
      method,
      signal,
      headers: {
        accept: 'application/vnd.schemaregistry.v1+json, application/json',
        ...(body !== undefined && { 'content-type': 'application/vnd.schemaregistry.v1+json' }),
        ...(authorization !== undefined && { authorization }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, body: jsonOrText(text) }
  }

  async #inTime<T>(what: string, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { timeoutMs, clock } = this.#options
    const limit = new AbortController()
    const timer = clock.schedule(timeoutMs, () =>
      limit.abort(new Error(`no answer within ${timeoutMs} ms`)),
    )
    const signal = AbortSignal.any([limit.signal, this.#closing.signal])
    const aborted = new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
    try {
      return await Promise.race([run(signal), aborted])
    } catch (cause) {
      if (this.#closing.signal.aborted) throw this.#closed()
      if (cause instanceof SchemaRegistryError) throw cause
      const reason = limit.signal.aborted ? messageOf(limit.signal.reason) : networkReason(cause)
      throw new SchemaRegistryError(
        `Cannot reach the schema registry at ${this.url} (${what}): ${reason}`,
        { retriable: true, cause },
      )
    } finally {
      timer.cancel()
    }
  }

  #closed(): LifecycleError {
    return new LifecycleError(`The client of the schema registry at ${this.url} is closed.`)
  }
}

/** Registries say in a code of their own what was not found: 40401 the subject, 40402 the version, 40403 the schema. */
function isRegistrysNotFound(answer: RegistryAnswer): boolean {
  const code = (answer.body as { error_code?: unknown } | null)?.error_code
  return typeof code === 'number' && code > 40_400
}

function jsonOrText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function answerText({ status, body }: RegistryAnswer): string {
  const { message, error_code: code } = (body ?? {}) as { message?: string; error_code?: number }
  const text = message ?? (typeof body === 'string' ? body.slice(0, 200) : JSON.stringify(body))
  return `status ${status}${code === undefined || code === status ? '' : `, code ${code}`}: ${text}`
}

/** `fetch` says only "fetch failed"; the cause within it says why. */
function networkReason(thrown: unknown): string {
  const { cause } = thrown as { cause?: unknown }
  if (cause instanceof AggregateError) {
    return cause.errors.map((error) => messageOf(error)).join('; ') || String(cause.message)
  }
  return messageOf(cause ?? thrown)
}
