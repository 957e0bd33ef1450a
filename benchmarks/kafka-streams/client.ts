import { kafkajs } from 'millrace/broker/kafkajs'
import type { Broker } from '../../src/broker/port.ts'
import { systemClock } from '../../src/core/clock.ts'
import { silentLogger } from '../../src/core/logger.ts'
import { systemRandom } from '../../src/core/random.ts'

/** A client to fill topics and to watch them with. */
export function openClient(bootstrap: string): Broker {
  return kafkajs({ brokers: [bootstrap] }).open({
    clock: systemClock,
    random: systemRandom,
    logger: silentLogger,
    clientId: 'benchmark',
  })
}

/** What the loader writes for a key: 100 bytes of JSON. */
export function inputValue(key: string, amount: number): Buffer {
  const head = `{"k":"${key}","amount":${amount},"pad":"`
  return Buffer.from(`${head}${'x'.repeat(98 - head.length)}"}`)
}

/** The loader's name of a key. */
export function inputKey(number: number): string {
  return `user-${String(number).padStart(8, '0')}`
}
