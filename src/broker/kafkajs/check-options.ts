import { ConfigError } from '../../core/errors.ts'
import { kafkajsDefaults, type KafkajsOptions, type KafkajsSettings } from './options.ts'

/** Fills in the defaults. Throws `ConfigError` naming the option that cannot be used. */
export function kafkajsSettings(options: KafkajsOptions, clientId: string): KafkajsSettings {
  checkKafkajsOptions(options)
  return {
    ...kafkajsDefaults,
    ssl: undefined,
    sasl: undefined,
    clientId,
    ...withoutUndefined(options),
  }
}

/** Throws `ConfigError` naming the option that cannot be used. */
export function checkKafkajsOptions(options: KafkajsOptions): void {
  if (!Array.isArray(options.brokers) || options.brokers.length === 0) {
    throw new ConfigError("kafkajs: 'brokers' is empty; name at least one, such as localhost:9092.")
  }
  for (const address of options.brokers) parseAddress(address)
  for (const name of Object.keys(kafkajsDefaults) as (keyof typeof kafkajsDefaults)[]) {
    const value = options[name]
    if (value !== undefined && !(Number.isFinite(value) && value > 0)) {
      throw new ConfigError(`kafkajs: '${name}' must be a positive number, not ${value}.`)
    }
  }
}

/** Splits `host:port`, where host may be an IPv6 address in brackets. */
export function parseAddress(address: string): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:\s]+)):(\d{1,5})$/.exec(address)
  const port = Number(match?.[3])
  if (match === null || port < 1 || port > 65_535) {
    throw new ConfigError(`kafkajs: the broker '${address}' is not an address like localhost:9092.`)
  }
  return { host: (match[1] ?? match[2])!, port }
}

function withoutUndefined(options: KafkajsOptions): KafkajsOptions {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined)
  return Object.fromEntries(entries) as unknown as KafkajsOptions
}
