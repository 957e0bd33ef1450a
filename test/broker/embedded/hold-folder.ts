// Opens a broker on the folder named on the command line, says so, and keeps it until it is killed.
import { EmbeddedBroker } from '../../../src/broker/embedded/index.ts'

const broker = new EmbeddedBroker({ folder: process.argv[2]! })
const client = broker.open()
await client.createTopics([{ name: 'topic', partitions: 1 }])
const producer = await client.openProducer({})
producer.send('topic', 0, 0, null, Buffer.from('of the killed process'))
await producer.flush()
console.log('open')
setInterval(() => undefined, 1_000)
