import type { Clock } from '../../core/clock.ts'
import type { Random } from '../../core/random.ts'

/** How an embedded broker is set up. */
export interface EmbeddedBrokerOptions {
  /**
   * A folder in which everything is kept for the next start; one broker a folder.
   *
   * @defaultValue none: all is gone when the process ends
   */
  readonly folder?: string
  /** @defaultValue the machine's clock */
  readonly clock?: Clock
  /** @defaultValue the machine's randomness */
  readonly random?: Random
  /**
   * Called before each request of a client takes effect, with the client's id and the name of the request, as
   * `produce`; what it throws, the request throws. For tests that make requests fail, or wait. `again` has one that is
   * part of a transaction take effect once more, at any later time, as does one that was given up, sent again, and
   * arrives after all.
   */
  readonly onRequest?: (
    clientId: string,
    request: string,
    again?: () => void,
  ) => Promise<void> | undefined
}
