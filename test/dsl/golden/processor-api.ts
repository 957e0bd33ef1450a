import { topics, Topology, type Processor } from 'millrace'
import { string } from 'millrace/serdes'
import { keyValueStore } from 'millrace/state'
import { text } from './topics.ts'

const pass: Processor<string, string, string, string> = {
  process: (record, context) => context.forward(record),
}
const serdes = { key: string(), value: string() }

/** The topology of the oracle's `ProcessorApi`. */
export function processorApi(): Topology {
  const topology = new Topology()
  const orders = topology.addSource('orders', ['orders-eu', 'orders-us', 'orders-asia'].map(text))
  const payments = topology.addSource('payments', text('payments'))
  const check = topology.addProcessor('check', () => pass, { parents: [orders] })
  const match = topology.addProcessor('match', () => pass, { parents: [check, payments] })
  const late = topology.addProcessor('late', () => pass, { parents: [payments] })
  topology.addGlobalStore(keyValueStore({ name: 'rates', ...serdes }), {
    topic: text('rates'),
    sourceName: 'rates-source',
    processorName: 'rates-processor',
    supplier: () => ({ process() {} }),
  })
  topology.addStateStore(keyValueStore({ name: 'open', ...serdes }), check, match)
  topology.addStateStore(keyValueStore({ name: 'closed', ...serdes }), match)
  const refunds = topology.addSource('refunds', text('refunds'))
  const refund = topology.addProcessor('refund', () => pass, { parents: [refunds] })
  topology.connectProcessorAndStateStores(refund, 'closed', 'open')
  const alone = topology.addSource('alone', text('alone'))
  topology.addSink('matched', text('matched'), { parents: [match, refund] })
  topology.addSink('copies', text('copies'), { parents: [alone, late] })
  topology.addSource('unread', text('unread'))
  const logs = topology.addSource('logs', topics(/logs-.*|traces/, serdes))
  topology.addSink('archive', text('archive'), { parents: [logs] })
  return topology
}
