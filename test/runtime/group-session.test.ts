import { describe, expect, it } from 'vitest'
import type { GroupMembership } from '../../src/broker/port.ts'
import type { Clock } from '../../src/core/clock.ts'
import { FencedError } from '../../src/core/errors.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { GroupSession } from '../../src/runtime/group-session.ts'

const illegalGeneration = 22

/** A clock that a test sets, with the timers that were scheduled last. */
class HandClock implements Clock {
  nowMs = 0
  run: (() => void) | undefined

  now(): number {
    return this.nowMs
  }

  monotonicMs(): number {
    return this.nowMs
  }

  schedule(_: number, run: () => void): { cancel(): void } {
    this.run = run
    return { cancel: () => undefined }
  }

  sleep(): Promise<void> {
    return Promise.resolve()
  }

  yieldToEventLoop(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}

/** A member that joins, and hears from the group, what the test says. */
class ToldMembership implements GroupMembership {
  generationId = 0
  continuous = false
  joins = 0
  answer: () => Promise<'stable' | 'rebalance'> = () => Promise.resolve('stable')
  until: Promise<void> = Promise.resolve()

  async join(): ReturnType<GroupMembership['join']> {
    this.joins++
    await this.until
    this.generationId++
    return { partitions: [], userData: Buffer.alloc(0), continuous: this.continuous }
  }

  heartbeat(): Promise<'stable' | 'rebalance'> {
    return this.answer()
  }

  identity(): ReturnType<GroupMembership['identity']> {
    return { groupId: 'group', memberId: 'member', generationId: this.generationId }
  }

  commitOffsets(): Promise<void> {
    return Promise.resolve()
  }

  leave(): Promise<void> {
    return Promise.resolve()
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const settlement = { unsettled: false, followUp: false }

async function joined(): Promise<{
  clock: HandClock
  membership: ToldMembership
  session: GroupSession
}> {
  const clock = new HandClock()
  const membership = new ToldMembership()
  const session = new GroupSession({
    membership,
    clock,
    logger: silentLogger,
    heartbeatIntervalMs: 3_000,
    sessionTimeoutMs: 45_000,
    beforeJoin: () => Promise.resolve(),
    onUnrest: () => undefined,
  })
  session.join()
  await clock.yieldToEventLoop()
  session.take()
  session.settled(settlement)
  return { clock, membership, session }
}

describe('a group session', () => {
  it('says for how long the event loop was blocked when the group has expelled its member meanwhile', async () => {
    const { clock, membership, session } = await joined()
    membership.answer = () => Promise.reject(new FencedError('Unknown member', { brokerCode: 25 }))
    clock.nowMs = 3_000 + 60_000
    clock.run!()
    await clock.yieldToEventLoop()
    expect(session.lost).toBeInstanceOf(FencedError)
    expect(session.stall).toContain('the event loop was blocked for 60000 ms')
    expect(session.stall).toContain('sessionTimeoutMs, 45000')
    expect(() => session.identity()).toThrow('Unknown member')
  })

  it('blames no stall where heartbeats were sent in time', async () => {
    const { clock, membership, session } = await joined()
    membership.answer = () => Promise.reject(new FencedError('Unknown member', { brokerCode: 25 }))
    clock.nowMs = 3_010
    clock.run!()
    await clock.yieldToEventLoop()
    expect(session.lost).toBeInstanceOf(FencedError)
    expect(session.stall).toBeUndefined()
  })

  it('commits under the generation before while it joins again, then under the new one', async () => {
    const { clock, membership, session } = await joined()
    let end = (): void => {}
    membership.until = new Promise((resolve) => (end = resolve))
    membership.answer = () => Promise.resolve('rebalance')
    membership.continuous = true
    clock.run!()
    await clock.yieldToEventLoop()
    expect(membership.joins).toBe(2)
    const before = session.identity()
    expect(before.generationId).toBe(1)
    const refused = new FencedError('Illegal generation', { brokerCode: illegalGeneration })
    const renewing = session.renew(before, refused)
    end()
    expect(await renewing).toMatchObject({ generationId: 2 })
    expect(session.identity()).toMatchObject({ generationId: 2 })
    expect(await session.renew(session.identity(), refused)).toBeUndefined()
  })

  it('commits nothing under a generation before which another may have had its tasks', async () => {
    const { clock, membership, session } = await joined()
    membership.answer = () => Promise.resolve('rebalance')
    membership.continuous = false
    const before = session.identity()
    clock.run!()
    await clock.yieldToEventLoop()
    const refused = new FencedError('Illegal generation', { brokerCode: illegalGeneration })
    expect(await session.renew(before, refused)).toBeUndefined()
    expect(() => session.identity()).toThrow(FencedError)
    // Nor does it say anything of itself until the worker has dropped them.
    membership.answer = () => Promise.resolve('rebalance')
    clock.run!()
    await clock.yieldToEventLoop()
    expect(membership.joins).toBe(2)
    expect(session.take()).toMatchObject({ continuous: false })
    session.settled(settlement)
    expect(session.identity()).toMatchObject({ generationId: 2 })
    await clock.yieldToEventLoop()
    expect(membership.joins).toBe(3)
  })

  it('drops what came of a join when it joins once more before that was taken over', async () => {
    const { clock, membership, session } = await joined()
    membership.answer = () => Promise.resolve('rebalance')
    membership.continuous = true
    clock.run!()
    await clock.yieldToEventLoop()
    let end = (): void => {}
    membership.until = new Promise((resolve) => (end = resolve))
    clock.run!()
    await clock.yieldToEventLoop()
    expect(membership.joins).toBe(3)
    expect(session.take()).toBeUndefined()
    end()
    await clock.yieldToEventLoop()
    expect(session.take()).toBeDefined()
  })
})
