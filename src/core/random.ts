import { randomUUID } from 'node:crypto'

/** The only source of randomness of every room, so that the simulator can seed it. */
export interface Random {
  /** A number in [0, 1). */
  next(): number
  /** A version-4 UUID. */
  uuid(): string
}

/** The machine's randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  uuid: () => randomUUID(),
}
