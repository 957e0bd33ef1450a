import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../src/testing/virtual-clock.ts'

describe('VirtualClock', () => {
  it('stands still until it is told to go on', async () => {
    const clock = new VirtualClock(1_000)
    await clock.yieldToEventLoop()
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_000, 0])
    await clock.advance(250)
    expect([clock.now(), clock.monotonicMs()]).toEqual([1_250, 250])
    expect(new VirtualClock().now()).toBe(0)
  })

  it('runs timers at their times, equal ones in the order of scheduling', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    const run = (name: string) => (): void => void ran.push(`${name} at ${clock.now()}`)
    clock.schedule(30, run('late'))
    clock.schedule(10, run('first'))
    clock.schedule(10, run('second'))
    clock.schedule(-5, run('overdue'))
    expect(clock.nextTimerMs()).toBe(0)
    await clock.advance(29)
    expect(ran).toEqual(['overdue at 0', 'first at 10', 'second at 10'])
    expect(clock.nextTimerMs()).toBe(30)
    await clock.advance(1)
    expect(ran.at(-1)).toBe('late at 30')
    expect(clock.nextTimerMs()).toBeUndefined()
  })

  it('runs what timers and the promises after them schedule within the same advance', async () => {
    const clock = new VirtualClock()
    const times: number[] = []
    const tick = async (): Promise<void> => {
      for (let i = 0; i < 4; i++) {
        await clock.sleep(10)
        times.push(clock.now())
      }
    }
    const ticking = tick()
    await clock.advance(35)
    expect(times).toEqual([10, 20, 30])
    await clock.advance(5)
    await ticking
    expect(times).toEqual([10, 20, 30, 40])
  })

  it('does not run what was cancelled, also by a timer of the same time', async () => {
    const clock = new VirtualClock()
    const ran: string[] = []
    const second = { cancel(): void {} }
    clock.schedule(10, () => {
      ran.push('first')
      second.cancel()
    })
    second.cancel = clock.schedule(10, () => void ran.push('second')).cancel
    clock.schedule(5, () => void ran.push('cancelled')).cancel()
    await clock.advance(20)
    expect(ran).toEqual(['first'])
  })

  it('ends a sleep with the reason of its signal, and leaves no timer behind', async () => {
    const clock = new VirtualClock()
    const abort = new AbortController()
    const sleeping = clock.sleep(10, abort.signal)
    abort.abort(new Error('woken'))
    await expect(sleeping).rejects.toThrow('woken')
    await expect(clock.sleep(10, abort.signal)).rejects.toThrow('woken')
    expect(clock.nextTimerMs()).toBeUndefined()
  })

  it('advances without waiting for promises where it is told to', () => {
    const clock = new VirtualClock()
    const times: number[] = []
    clock.schedule(10, () => {
      times.push(clock.now())
      clock.schedule(10, () => void times.push(clock.now()))
    })
    clock.advanceSync(25)
    expect(times).toEqual([10, 20])
    expect(clock.now()).toBe(25)
  })
})
