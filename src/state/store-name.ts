import { ConfigError } from '../core/errors.ts'

// A store's changelog topic is named after it, with the application id before it and `-changelog` behind.
const nameCharsMax = 200

/** Returns the name where it can be part of a topic's name; throws `ConfigError` where it cannot. */
export function checkedStoreName(name: string): string {
  if (name.length === 0) throw new ConfigError('A store needs a name; it is empty')
  if (name.length > nameCharsMax) {
    throw new ConfigError(
      `The store name ${name.slice(0, 40)}… has ${name.length} characters; ${nameCharsMax} are allowed`,
    )
  }
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    throw new ConfigError(
      `The store name '${name}' cannot be part of a topic's name: use letters, digits, '.', '_' and '-' only`,
    )
  }
  return name
}
