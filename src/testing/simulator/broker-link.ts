import type { EmbeddedBroker } from '../../broker/embedded/embedded-broker.ts'
import {
  BrokerError,
  BrokerTimeoutError,
  BrokerUnavailableError,
  FencedError,
  isStreamsError,
  messageOf,
} from '../../core/errors.ts'
import type { PartitionOffset } from '../../broker/port.ts'
import type { SimulationFaults } from './faults.ts'
import type { Scheduler } from './scheduler.ts'
import { never, type SimulatedProcess } from './simulated-process.ts'
import type { Trace } from './trace.ts'

/** What the links of all workers have in common. */
export interface Network {
  readonly scheduler: Scheduler
  readonly trace: Trace
  readonly broker: EmbeddedBroker
  /** Instance ids under which a request to join is still on its way. */
  readonly lateJoins: Set<string>
  /** As of now: none once the simulation has calmed down. */
  faults(): SimulationFaults
  /** Until when the group's and the transactions' coordinators are on their way to another broker. */
  coordinatorsMoveUntilMs: number
  /** Whether all is done and looked at: then whatever is on a disk is at hand. */
  isSettled: boolean
  /** Whether a worker that lived has lost its place in the group. */
  hasExpelled: boolean
  /** Counts a fault for the record. */
  count(fault: string): void
  /** Whether another crash is to happen; where it is, it is counted. */
  mayCrash(point: string): boolean
}

/** A request to join that takes effect after its sender has given it up. */
export interface LateJoin {
  readonly instanceId: string
  readonly join: (broker: EmbeddedBroker) => void
}

const coordinatorRequests: ReadonlySet<string> = new Set([
  'joinGroup',
  'heartbeat',
  'offsetCommit',
  'leaveGroup',
  'committedOffsets',
  'initProducerId',
  'txnOffsetCommit',
  'endTxn',
])

/** Requests that can be sent twice without another effect, or whose second effect is what a broker would do. */
const repeatable: ReadonlySet<string> = new Set([
  'heartbeat',
  'offsetCommit',
  'committedOffsets',
  'listOffsets',
  'describeTopics',
  'createTopics',
  'deleteRecords',
  'initProducerId',
  'txnOffsetCommit',
])

/**
 * Calls whose answer cannot be missed: what is no request, and a fetch, which is made again at the same place where the
 * embedded broker's has moved on.
 */
const certain: ReadonlySet<string> = new Set([
  'fetch',
  'ready',
  'close',
  'closeProducer',
  'disconnect',
])

const notCoordinator = 16
const requestTimeoutMs = 150
const shortDelayMs = 2
const longDelayMs = 600
/** There are few requests for which it matters that they are late. */
const lateWeight = 8

/**
 * What lies between a worker and the broker: each request and each answer takes its time on it, or gets lost, and the
 * worker can crash or stand still at either end.
 */
export class BrokerLink {
  /** Until when nothing gets through. */
  cutUntilMs = 0
  /** Gives what a request to join that is sent now does when it arrives late; undefined where it would do nothing. */
  onLateJoin: (() => LateJoin | undefined) | undefined
  readonly #process: SimulatedProcess
  readonly #network: Network

  constructor(process: SimulatedProcess, network: Network) {
    this.#process = process
    this.#network = network
  }

  get process(): SimulatedProcess {
    return this.#process
  }

  /** Called by the broker before a request takes effect; `again` has it do so once more. */
  onRequest(request: string, again?: () => void): Promise<void> | undefined {
    if (this.#process.isDead) return never()
    if (!this.#process.isFrozen) return this.#send(request, again)
    const woken = new Promise<void>((resolve) => this.#process.run(resolve))
    return woken.then(() => this.#send(request, again))
  }

  /** Makes a call of the worker's, whose answer takes its time. */
  call<T>(request: string, run: () => Promise<T>): Promise<T> {
    const process = this.#process
    if (process.isDead) return never()
    const { faults } = this.#network
    if (repeatable.has(request) && process.random.chance(faults().duplicated)) {
      this.#trace(`${request} twice`)
      run().catch(() => undefined)
    }
    return new Promise((resolve, reject) => {
      run().then(
        (value) => this.#answer(request, () => resolve(value), reject),
        (error: Error) => this.#refuse(request, error, reject),
      )
    })
  }

  /** Has the trace say what a request is about. */
  note(what: string, places: readonly PartitionOffset[]): void {
    const text = places.map((each) => `${each.topic}-${each.partition}@${each.offset}`)
    this.#trace(what, text.join(' '))
  }

  #send(request: string, again: (() => void) | undefined): Promise<void> | undefined {
    const { scheduler, faults } = this.#network
    const { random } = this.#process
    const { requestLost, delayed, crashAtRequest } = faults()
    const weight = weightOf(request)
    this.#trace(request)
    if (random.chance(crashAtRequest * weight) && this.#crash(`before ${request}`)) return never()
    const closedUntilMs = this.#closedUntilMs(request)
    if (closedUntilMs > scheduler.nowMs) return this.#sendLater(closedUntilMs)
    if (random.chance(requestLost * weight)) {
      this.#trace(`${request} lost`)
      return this.#fail(requestTimeoutMs, timedOut(request))
    }
    if (again && random.chance(faults().late * lateWeight)) this.#arriveAgain(request, again)
    if (request === 'joinGroup' && this.#joinsLate()) {
      return this.#fail(requestTimeoutMs, timedOut(request))
    }
    const delayMs = this.#delayMs(delayed * weight)
    if (delayMs > shortDelayMs && random.chance(0.3)) this.#standStill(delayMs)
    return delayMs === 0 ? undefined : scheduler.sleep(delayMs)
  }

  /** One that was given up and sent again arrives after all, whatever has become of its sender. */
  #arriveAgain(request: string, again: () => void): void {
    const { scheduler } = this.#network
    const delayMs = this.#process.random.next() * longDelayMs
    scheduler.after(delayMs, () => {
      this.#trace(`${request} arrives late`)
      this.#network.count(`late ${request}`)
      again()
    })
  }

  /** A member that is new to the group is another one to it by each request: this one comes when it has given up. */
  #joinsLate(): boolean {
    const { scheduler, faults, broker, lateJoins } = this.#network
    const { random } = this.#process
    const late = this.onLateJoin?.()
    // One of each at a time: who comes back so often as there are any has to be given up somewhere.
    if (!late || lateJoins.has(late.instanceId)) return false
    if (!random.chance(faults().late * lateWeight)) return false
    this.#trace('joinGroup late')
    lateJoins.add(late.instanceId)
    scheduler.after(random.next() * longDelayMs, () => {
      this.#trace('joins late')
      this.#network.count('late joinGroup')
      lateJoins.delete(late.instanceId)
      late.join(broker)
    })
    return true
  }

  /** What is on its way takes effect while the worker knows nothing, and others may have its tasks by then. */
  #standStill(delayMs: number): void {
    const { scheduler } = this.#network
    const process = this.#process
    this.#trace('stands still')
    process.freeze()
    scheduler.after(delayMs + process.random.next() * longDelayMs, () => process.wake())
  }

  /** What cannot get through now waits until it can, or for too long. */
  #sendLater(untilMs: number): Promise<void> {
    const { scheduler } = this.#network
    const waitMs = untilMs - scheduler.nowMs
    if (this.#process.random.chance(0.5)) return scheduler.sleep(waitMs)
    const away = new BrokerUnavailableError('The broker cannot be reached', { retriable: true })
    if (this.cutUntilMs >= untilMs) return this.#fail(Math.min(waitMs, requestTimeoutMs), away)
    const moved = new BrokerError('This broker is not the coordinator', {
      brokerCode: notCoordinator,
      retriable: true,
    })
    return this.#fail(1, moved)
  }

  #closedUntilMs(request: string): number {
    if (!coordinatorRequests.has(request)) return this.cutUntilMs
    return Math.max(this.cutUntilMs, this.#network.coordinatorsMoveUntilMs)
  }

  #answer(request: string, resolve: () => void, reject: (error: Error) => void): void {
    const process = this.#process
    if (process.isDead) return
    const { scheduler, faults } = this.#network
    const { answerLost, delayed, crashAtAnswer } = faults()
    const weight = weightOf(request)
    const { random } = process
    if (random.chance(crashAtAnswer * weight) && this.#crash(`after ${request}`)) return
    const isCut = this.cutUntilMs > scheduler.nowMs
    if (!certain.has(request) && (isCut || random.chance(answerLost * weight))) {
      this.#trace(`answer to ${request} lost`)
      process.post(requestTimeoutMs, () => reject(timedOut(request)))
      return
    }
    const delayMs =
      this.#delayMs(delayed * weight) + (isCut ? this.cutUntilMs - scheduler.nowMs : 0)
    if (delayMs === 0) process.run(resolve)
    else process.post(delayMs, resolve)
  }

  #refuse(request: string, error: Error, reject: (error: Error) => void): void {
    if (this.#process.isDead) return
    if (isStreamsError(error)) this.#trace(`${request} failed`, messageOf(error))
    if (error instanceof FencedError) this.#network.hasExpelled = true
    this.#process.run(() => reject(error))
  }

  #fail(delayMs: number, error: Error): Promise<void> {
    return new Promise((_, reject) => {
      this.#process.post(delayMs, () => reject(error))
    })
  }

  #delayMs(delayed: number): number {
    const { random } = this.#process
    if (random.chance(delayed)) return random.next() * longDelayMs
    return random.chance(0.5) ? 0 : random.next() * shortDelayMs
  }

  #crash(point: string): boolean {
    if (!this.#network.mayCrash(point)) return false
    this.#trace('crashed', point)
    this.#process.kill()
    return true
  }

  #trace(what: string, detail?: string): void {
    this.#network.trace.add(this.#process.name, what, detail)
  }
}

/** A worker asks for records all the time; the faults are to fall on its other requests as well. */
function weightOf(request: string): number {
  if (request === 'fetch') return 0.05
  if (request === 'describeTopics' || request === 'metadata') return 0.3
  return request === 'produce' || request === 'heartbeat' ? 0.5 : 1
}

function timedOut(request: string): Error {
  return new BrokerTimeoutError(`${request} was not answered within ${requestTimeoutMs} ms`, {
    retriable: true,
  })
}
