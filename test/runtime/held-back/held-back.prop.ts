import fc from 'fast-check'
import { StreamsBuilder, topic } from 'millrace'
import { string } from 'millrace/serdes'
import { describe, expect, it } from 'vitest'
import { deadLetter, retrying } from '../../../src/runtime/error-handlers.ts'
import { withHeldBack } from '../../../src/runtime/held-back/held-back-plan.ts'
import type { TopologyPlan } from '../../../src/topology/topology-plan.ts'
import { temporaryFolder } from '../../state/contract/harness.ts'
import { CrashableTask } from '../crashable-task.ts'
import type { InputText } from '../fetched-records.ts'
import { Operator, TestDroppedLetters, writeDeadLetter } from './operator.ts'

type Kind = 'calls' | 'retries' | 'plain'

type Event =
  | { readonly arrive: readonly { readonly key: string; readonly isBroken: boolean }[] }
  | { readonly step: number }
  | { readonly redrive: readonly boolean[] }
  | { readonly drop: number }
  | { readonly mend: number }
  | 'commit'
  | 'crash'
  | 'look'

const events: fc.Arbitrary<Event[]> = fc.array(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        arrive: fc.array(
          fc.record({ key: fc.constantFrom('a', 'b', ''), isBroken: fc.boolean() }),
          { minLength: 1, maxLength: 6 },
        ),
      }),
    },
    { weight: 5, arbitrary: fc.record({ step: fc.integer({ min: 1, max: 9 }) }) },
    { weight: 4, arbitrary: fc.constant('commit' as const) },
    { weight: 2, arbitrary: fc.constant('crash' as const) },
    { weight: 1, arbitrary: fc.constant('look' as const) },
    {
      weight: 3,
      arbitrary: fc.record({ redrive: fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }) }),
    },
    { weight: 1, arbitrary: fc.record({ drop: fc.nat(20) }) },
    { weight: 3, arbitrary: fc.record({ mend: fc.nat(20) }) },
  ),
  { maxLength: 40, size: 'max' },
)

/** Refuses what is broken, before or after it was kept. */
function planOf(kind: Kind, isBroken: (value: string) => boolean): TopologyPlan {
  const check = (value: string): void => {
    if (isBroken(value)) throw new RangeError(`${value} is broken`)
  }
  const orders = topic('orders', { key: string(), value: string() })
  const builder = new StreamsBuilder()
  const stream = builder.stream(orders)
  const checked =
    kind === 'calls'
      ? stream.mapValuesAsync(
          async (value) => {
            await Promise.resolve()
            check(value)
            return value
          },
          { concurrency: 3, orderedBy: 'key' },
        )
      : stream.peek(check)
  checked.to(topic('seen', { key: string(), value: string() }))
  return withHeldBack(builder.build().plan())
}

async function run(kind: Kind, script: readonly Event[], folder?: string): Promise<void> {
  const broken = new Set<string>()
  const orders: InputText[] = []
  const arrived: { readonly key: string; readonly value: string }[] = []
  const dropped = new TestDroppedLetters()
  const plan = planOf(kind, (value) => broken.has(value))
  const options = {
    handlers: {
      processing: kind === 'retries' ? retrying({ attempts: 2, backoffMs: 0 }) : deadLetter,
    },
    holdBack: { maxRecords: 1_000, onLimit: 'fail' as const, dropped },
    deadLetter: writeDeadLetter,
    ...(folder !== undefined && { folder }),
  }
  await using task = new CrashableTask({ plan: () => plan }, { orders }, options)
  await task.open()
  const operator = new Operator(task, orders, dropped)
  const play = async (event: Event): Promise<void> => {
    if (event === 'commit') await task.commit()
    else if (event === 'crash') await task.crash()
    else if (event === 'look') await dropped.readTo(dropped.end)
    else if ('step' in event) await task.step(event.step)
    else if ('redrive' in event) operator.redrive(event.redrive)
    else if ('drop' in event) operator.drop(event.drop)
    else if ('mend' in event) broken.delete([...broken][event.mend % broken.size] ?? '')
    else {
      for (const { key, isBroken } of event.arrive) {
        const value = `${key}${arrived.length}`
        if (isBroken) broken.add(value)
        arrived.push({ key, value })
        const timestampMs = arrived.length
        orders.push({ key: key === '' ? null : key, value, timestampMs })
      }
      task.feed()
    }
  }
  for (const event of script) await play(event)
  broken.clear()
  // Each time at least the first of each key goes through.
  for (let left = arrived.length + 1; left > 0; left--) {
    operator.redrive([true])
    await task.drain()
    await task.commit()
    if (operator.pending.length === 0) break
  }
  await dropped.readTo(dropped.end)
  await task.task.punctuate(0)
  expect(task.task.heldBack).toEqual({ keys: 0, records: 0 })
  const seen = task.committed.filter((sent) => sent.topic === 'seen').map(({ value }) => value!)
  for (const key of ['a', 'b']) {
    const wanted = arrived.filter((each) => each.key === key && !operator.givenUp.has(each.value))
    expect(seen.filter((value) => value.startsWith(key))).toEqual(wanted.map(({ value }) => value))
  }
  const without = arrived.filter((each) => each.key === '' && !operator.givenUp.has(each.value))
  const found = seen.filter((value) => !/^[ab]/.test(value))
  expect(found.toSorted()).toEqual(without.map(({ value }) => value).toSorted())
}

describe('whatever fails, crashes, is redriven and dropped', () => {
  it.each([
    ['plain', 100],
    ['retries', 50],
    ['calls', 60],
  ] as const)(
    'each record of a key is processed once, in its order (%s)',
    async (kind, numRuns) => {
      await fc.assert(
        fc.asyncProperty(events, (script) => run(kind, script)),
        { numRuns },
      )
    },
  )

  it('also on a state folder', async () => {
    await fc.assert(
      fc.asyncProperty(events, async (script) => run('plain', script, await temporaryFolder())),
      { numRuns: 5 },
    )
  })
})
