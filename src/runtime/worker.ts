import {
  LifecycleError,
  messageOf,
  TopologyError,
  UnknownTopicError,
  type StreamsError,
} from '../core/errors.ts'
import { decodeAssignmentData } from './assignor/member-data.ts'
import type { AsyncCloseable } from '../core/disposable.ts'
import type { JoinedGroup } from '../broker/port.ts'
import { BrokerHealth, isBrokerAway } from './broker-health.ts'
import { LoopWatch } from './loop-watch.ts'
import { isHopelessAtStart, isRecoverable } from './recoverable.ts'
import { storeViewsOf } from './store-views.ts'
import { closeTasks, closeWorker } from './worker-closing.ts'
import { takeJoined } from './take-joined.ts'
import { pollIntervalError } from './worker-errors.ts'
import { WorkerLifecycle, type WorkerStateListener } from './worker-lifecycle.ts'
import type { WorkerOptions } from './worker-options.ts'
import { assembleWorker, type WorkerParts } from './worker-parts.ts'
import type { StoreView, WorkerStatus } from './worker-status.ts'

const retryMaxMs = 10_000
const closeTimeoutMs = 30_000

/**
 * Runs a topology's tasks: as many of them as the group gives it.
 *
 * @remarks Source: `org.apache.kafka.streams.processor.internals.StreamThread`.
 */
export class Worker implements AsyncCloseable {
  readonly #options: WorkerOptions
  readonly #lifecycle: WorkerLifecycle
  readonly #ending = new AbortController()
  #parts: WorkerParts | undefined
  #running: Promise<void> | undefined
  #closing: Promise<void> | undefined
  /** Whether the group has given tasks that this worker is still to be given, or has given none yet. */
  #awaitsTasks = true
  #failures = 0
  /** After which failure the worker is to begin anew. */
  #toMend: StreamsError | undefined
  readonly #health: BrokerHealth

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#lifecycle = new WorkerLifecycle(options.logger)
    this.#health = new BrokerHealth(options.broker.name, options.clock, options.logger)
  }

  /**
   * Starts, and resolves when the tasks that the group gave are restored and running.
   *
   * @throws BrokerUnavailableError, UnknownTopicError, TopologyError, ConfigError, StateLockedError and others, each
   * naming what is wrong; LifecycleError where it was started before, or is closed before it runs; the signal's reason
   * where that was aborted
   */
  async start(options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    if (this.#lifecycle.state !== 'created') {
      throw new LifecycleError(`The worker is ${this.#lifecycle.state} and cannot be started again`)
    }
    const { signal } = options
    signal?.throwIfAborted()
    this.#lifecycle.move('starting')
    const onAbort = (): void => void this.close({ timeoutMs: 0 })
    signal?.addEventListener('abort', onAbort, { once: true })
    const running = this.#untilRunning()
    this.#running = this.#run()
    try {
      // A request of the set-up may hang for long after the worker was closed.
      await Promise.race([running, this.#running, this.#lifecycle.ended()])
      signal?.throwIfAborted()
      if (this.#lifecycle.error) throw this.#lifecycle.error
      if (this.#lifecycle.isEnding) {
        throw new LifecycleError('The worker was closed before its tasks were running')
      }
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Resolves when the worker was closed; rejects with what ended it. */
  get closed(): Promise<void> {
    return this.#lifecycle.ended()
  }

  /**
   * Stops: finishes the record in hand, commits, leaves the group, closes what it opened. Closing again waits for the
   * first. What cannot be committed within `timeoutMs` (default: 30,000) is dropped, to be done again by whoever has
   * the tasks next.
   */
  close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(options.timeoutMs ?? closeTimeoutMs)
    return this.#closing
  }

  /** Ends the worker with an error from outside it: nothing more is committed, and the tasks go to other workers. */
  async abandon(error: Error): Promise<void> {
    this.#fail(error)
    await this.#running
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  status(): WorkerStatus {
    return {
      state: this.#lifecycle.state,
      applicationId: this.#options.applicationId,
      error: this.#lifecycle.error,
      tasks: this.#parts?.tasks.all.map((task) => task.status()) ?? [],
      standbys: this.#parts?.standbys.status() ?? [],
      broker: this.#parts && this.#health.status(),
    }
  }

  /** The partitions of a store that are here; each throws when it is read while it is restored. */
  storeViews(storeName: string): StoreView[] {
    return this.#parts ? storeViewsOf(this.#parts, storeName) : []
  }

  /** Calls back at each change of state; returns what ends that. */
  onStateChange(listener: WorkerStateListener): () => void {
    return this.#lifecycle.onChange(listener)
  }

  async #run(): Promise<void> {
    const { logger } = this.#options
    try {
      const parts = await assembleWorker(this.#options, {
        wake: () => this.#parts?.loop.interrupt(),
        fail: (error) => this.#fail(error),
        health: this.#health,
      })
      this.#parts = parts
      parts.metrics.state(this.#lifecycle.state)
      this.#lifecycle.onChange((state) => parts.metrics.state(state))
      const onFailure = (error: Error): void => this.#fail(error)
      await parts.globalStores.start(parts.collector, onFailure, this.#ending.signal)
      parts.session.join()
      await this.#turnOn(parts)
    } catch (thrown) {
      if (!this.#ending.signal.aborted) {
        logger.error('The worker cannot go on', { error: messageOf(thrown) })
        this.#fail(thrown as Error)
      }
    }
    await this.#shutDown()
  }

  async #turnOn(parts: WorkerParts): Promise<void> {
    const { clock, config } = this.#options
    const { maxPollIntervalMs } = config
    const onOverdue = (): void => this.#giveUpTasks(parts)
    const watch = new LoopWatch({ clock, maxPollIntervalMs, onOverdue })
    try {
      while (!this.#ending.signal.aborted) {
        watch.turned()
        await this.#turn(parts)
      }
    } finally {
      watch.stop()
    }
  }

  /** One turn of the loop, with what has to come before it; mends what can be mended. */
  async #turn(parts: WorkerParts): Promise<void> {
    try {
      if (this.#toMend) return await this.#beginAnew(parts, this.#toMend)
      if (parts.session.lost) await this.#joinAnew(parts)
      const joined = takeJoined(parts.session, this.#options)
      if (joined) await this.#adopt(parts, joined)
      await parts.arrivals.advance()
      parts.standbys.throwIfFailed()
      if (parts.arrivals.areOver && !this.#awaitsTasks) this.#lifecycle.move('running')
      await parts.loop.turn()
      this.#failures = 0
    } catch (error) {
      if (this.#ending.signal.aborted) return
      const isStarting = this.#lifecycle.state === 'starting'
      const isHopeless = isStarting && isHopelessAtStart(error)
      const mayMend = isRecoverable(error) || (await this.#hasOtherTopics(parts, error))
      if (isHopeless || !mayMend) throw error
      this.#suspend(parts, error as StreamsError)
    }
  }

  /**
   * Whether the broker does not know a topic because those that are read are others now. What follows is for the group's
   * leader to say; an error that it says is not one of the broker.
   */
  async #hasOtherTopics({ layouts }: WorkerParts, error: unknown): Promise<boolean> {
    if (!(error instanceof UnknownTopicError) || error.brokerCode === undefined) return false
    return (await layouts.difference().catch(() => undefined)) !== undefined
  }

  /** Makes the tasks what the group says they are. Those that stay were processed all the time, and go on. */
  async #adopt(parts: WorkerParts, joined: JoinedGroup): Promise<void> {
    const { session, metrics, tasks } = parts
    const assignment = decodeAssignmentData(joined.userData)
    if (assignment.refused !== undefined) throw new TopologyError(assignment.refused)
    metrics.rebalances.add()
    if (!joined.continuous && tasks.all.length > 0) {
      // Others may have moved them on since; they are opened anew, from what is committed now.
      await this.#dropTasks(parts)
      await this.#renewProducer(parts)
    }
    await parts.rebalancer.adopt(assignment)
    parts.facts.noteGiven(assignment.active)
    this.#awaitsTasks = assignment.awaited.length > 0
    if (this.#awaitsTasks || !parts.arrivals.areOver) this.#pause()
    session.settled(assignment)
    metrics.rebalanced(session.tookMs)
  }

  /**
   * What the loop waits for has not come back in time: the other workers get the tasks, and what they have not committed
   * is dropped when it comes back.
   */
  #giveUpTasks({ session, membership, loop }: WorkerParts): void {
    const { config, logger } = this.#options
    const error = pollIntervalError(config, loop.activity)
    logger.error(error.message)
    session.giveUp(error)
    this.#pause()
    // A static member's tasks stay where they are until its session expires, as at a restart.
    if (!this.#leaves) return
    membership.leave().catch((failure: unknown) => {
      logger.warn('Leaving the group failed', { reason: messageOf(failure) })
    })
  }

  /** The group has expelled this worker, whose tasks may be others' by now. */
  async #joinAnew(parts: WorkerParts): Promise<void> {
    this.#pause()
    parts.session.suspend()
    await this.#dropTasks(parts)
    await this.#renewProducer(parts)
    parts.session.join()
  }

  #pause(): void {
    if (this.#lifecycle.state !== 'starting') this.#lifecycle.move('rebalancing')
  }

  /** Does nothing more with the tasks; the next turn begins anew. What is known of the broker is not said again. */
  #suspend(parts: WorkerParts, error: StreamsError): void {
    const { logger } = this.#options
    const { stall } = parts.session
    const isKnown = this.#health.isAway && isBrokerAway(error)
    this.#health.failed(error)
    logger[isKnown ? 'debug' : 'warn']('Beginning anew from what was committed', {
      reason: error.message,
      ...(stall !== undefined && { stall }),
    })
    parts.metrics.failures.add()
    this.#lifecycle.move('rebalancing')
    parts.session.suspend()
    this.#toMend = error
  }

  /**
   * Begins anew from what was committed: tasks, state and producer. Where the broker does not answer, the tasks stay open
   * until it does, so that their stores can be read.
   */
  async #beginAnew(parts: WorkerParts, error: StreamsError): Promise<void> {
    const { broker, clock, config } = this.#options
    const waitMs = Math.min(retryMaxMs, config.retryBackoffMs * 2 ** this.#failures++)
    const isAway = isBrokerAway(error)
    if (!isAway) await this.#dropTasks(parts)
    await clock.sleep(waitMs, this.#ending.signal)
    if (isAway) await this.#health.reach(broker, this.#ending.signal)
    if (isAway) await this.#dropTasks(parts)
    await this.#renewProducer(parts)
    this.#toMend = undefined
    parts.session.join()
  }

  /** Lets the tasks go with all that they have not committed. */
  async #dropTasks(parts: WorkerParts): Promise<void> {
    this.#awaitsTasks = true
    await parts.arrivals.stop()
    await parts.commits.settle()
    await parts.standbys.recover()
    await closeTasks(parts, true)
  }

  /** What the old producer has in an open transaction is aborted by it, and can no longer be committed. */
  async #renewProducer({ collector, openProducer }: WorkerParts): Promise<void> {
    const old = collector.producer
    await collector.replaceProducer(await openProducer())
    await old.close().catch(() => undefined)
  }

  async #shutDown(): Promise<void> {
    const parts = this.#parts
    if (parts) {
      const { logger } = this.#options
      await closeWorker(parts, { failed: !!this.#lifecycle.error, leaves: this.#leaves, logger })
    }
    this.#lifecycle.end()
  }

  /** A static member keeps its place for the time of its session, so that a restart moves nothing. */
  get #leaves(): boolean {
    return this.#options.config.groupInstanceId === undefined
  }

  async #close(timeoutMs: number): Promise<void> {
    if (!this.#lifecycle.isEnding) this.#lifecycle.move('pending-shutdown')
    this.#ending.abort(new LifecycleError('The worker is closing'))
    this.#parts?.loop.interrupt()
    const { clock, logger } = this.#options
    const giveUp = new AbortController()
    const late = clock.sleep(timeoutMs, giveUp.signal).then(
      () => true,
      () => false,
    )
    const ended = (this.#running ?? Promise.resolve()).then(() => false)
    if (await Promise.race([ended, late])) {
      logger.warn('The worker did not end in time; what it has not committed is dropped', {
        timeoutMs,
      })
      // What is still under way must not keep the tasks from the other workers; their commits are fenced by the group.
      this.#parts?.session.stop()
      if (this.#leaves) this.#parts?.membership.leave().catch(() => undefined)
    }
    giveUp.abort()
    this.#lifecycle.end()
  }

  #fail(error: Error): void {
    this.#lifecycle.fail(error)
    this.#ending.abort(error)
    this.#parts?.loop.interrupt()
  }

  #untilRunning(): Promise<void> {
    return new Promise((resolve) => {
      const stop = this.#lifecycle.onChange((state) => {
        if (state !== 'running') return
        stop()
        resolve()
      })
    })
  }
}
