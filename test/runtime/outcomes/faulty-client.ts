import type {
  Broker,
  GroupMembership,
  Producer,
  ProducerOptions,
} from '../../../src/broker/port.ts'
import { overlay } from '../overlay.ts'

/** The calls of a worker that may be made to fail. */
export type Call =
  | 'open'
  | 'send'
  | 'flush'
  | 'sendOffsets'
  | 'commit'
  | 'abort'
  | 'join'
  | 'heartbeat'
  | 'commitOffsets'
  | 'committedOffsets'
  | 'poll'

export interface Fault {
  readonly call: Call
  readonly error: Error
  /** Whether the call takes effect before it fails. */
  readonly done?: boolean
}

/** A client whose next calls fail as planned, and whose producers then behave as the port says of failed ones. */
export class FaultyClient {
  readonly #planned: Fault[] = []

  plan(...faults: readonly Fault[]): void {
    this.#planned.push(...faults)
  }

  /** How many of the faults have not come up yet. */
  get left(): number {
    return this.#planned.length
  }

  wrap(client: Broker): Broker {
    return overlay(client, {
      openProducer: (options) =>
        this.#run('open', async () => this.#producer(await client.openProducer(options), options)),
      openGroup: (options) => this.#group(client.openGroup(options)),
      committedOffsets: (...args) =>
        this.#run('committedOffsets', () => client.committedOffsets(...args)),
      openFetcher: (options) => {
        const fetcher = client.openFetcher(options)
        return overlay(fetcher, { poll: (wait) => this.#run('poll', () => fetcher.poll(wait)) })
      },
    })
  }

  #producer(producer: Producer, { transactionalId }: ProducerOptions): Producer {
    // The first failure is kept: what comes after it, but an abort and a close, fails too.
    let failure: Error | undefined
    let refusal: Promise<unknown> | undefined
    const run = async <T>(call: Call, work: () => Promise<T>): Promise<T> => {
      if (failure) throw failure
      try {
        return await this.#run(call, work)
      } catch (error) {
        failure ??= error as Error
        throw error
      }
    }
    const send: Producer['send'] = (...args) => {
      if (failure) throw failure
      const fault = this.#next('send')
      if (fault) throw (failure = fault.error)
      producer.send(...args)
    }
    return overlay(producer, {
      send,
      ready: () => (failure ? Promise.reject(failure) : producer.ready()),
      flush: () => run('flush', () => producer.flush()),
      ...(transactionalId === undefined
        ? {}
        : {
            sendOffsets: (...args) => {
              const isRefused = this.#planned[0]?.call === 'sendOffsets'
              const sent = run('sendOffsets', () => producer.sendOffsets(...args))
              if (isRefused) refusal = sent.catch(() => undefined)
              return sent
            },
            commitTransaction: async () => {
              // A commit waits for its offsets, and fails with them.
              if (refusal) await refusal
              return run('commit', () => producer.commitTransaction())
            },
            abortTransaction: async () => {
              failure = undefined
              await this.#run('abort', () => producer.abortTransaction())
            },
          }),
    })
  }

  #group(group: GroupMembership): GroupMembership {
    return overlay(group, {
      join: (options) => this.#run('join', () => group.join(options)),
      heartbeat: () => this.#run('heartbeat', () => group.heartbeat()),
      commitOffsets: (...args) => this.#run('commitOffsets', () => group.commitOffsets(...args)),
    })
  }

  async #run<T>(call: Call, work: () => Promise<T>): Promise<T> {
    const fault = this.#next(call)
    if (!fault) return await work()
    if (fault.done === true) await work()
    throw fault.error
  }

  #next(call: Call): Fault | undefined {
    if (this.#planned[0]?.call !== call) return undefined
    return this.#planned.shift()
  }
}
