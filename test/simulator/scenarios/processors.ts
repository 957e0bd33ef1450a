import { Topology, topic, type Processor, type ProcessorContext, type Record } from 'millrace'
import { integer, string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import type { Scenario } from './scenario.ts'

const moves = topic('moves', { key: string(), value: integer() })
const balances = topic('balances', { key: string(), value: integer() })

const open = keyValueStore({
  name: 'open',
  key: string(),
  value: integer(),
  logging: { everyUpdate: true },
})
const closed = keyValueStore({ name: 'closed', key: string(), value: integer(), engine: 'memory' })

/** Sums what comes; an account that reaches the limit is taken out of one store and counted in another. */
class Account implements Processor<string, number, string, number> {
  #context!: ProcessorContext<string, number>

  init(context: ProcessorContext<string, number>): void {
    this.#context = context
  }

  async process(record: Record<string, number>): Promise<void> {
    const accounts = this.#context.store(open)
    const sum = ((await accounts.get(record.key)) ?? 0) + record.value
    if (sum < 100) {
      accounts.put(record.key, sum)
      await this.#context.forward(record.withValue(sum))
      return
    }
    accounts.delete(record.key)
    const ended = this.#context.store(closed)
    const times = ((await ended.get(record.key)) ?? 0) + 1
    ended.put(record.key, times)
    await this.#context.forward(record.withValue(-times))
    if (times % 2 === 0) this.#context.commit()
  }
}

function build(): Topology {
  const topology = new Topology()
  topology.addSource('moves', moves)
  topology.addProcessor('account', () => new Account() as never, {
    parents: ['moves'],
    stores: [open, closed],
    keepsKey: true,
  })
  topology.addSink('to-balances', balances, { parents: ['account'] })
  return topology
}

export const processors: Scenario = {
  name: 'a processor with two stores, one in memory and one that logs every update',
  build,
  input(add, random) {
    for (let i = 40 + random.below(60); i > 0; i--) {
      add(moves, { key: `k${random.below(6)}`, value: random.below(60) })
    }
  },
}
