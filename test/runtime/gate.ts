interface Held {
  readonly opened: Promise<void>
  readonly open: () => void
}

/** Stands before an embedded broker, and lets a test hold up or refuse requests by client and name. */
export class Gate {
  readonly #held = new Map<string, Held>()
  readonly #refused = new Map<string, Error[]>()
  readonly #seen = new Map<string, number>()

  /** To be given to the broker. */
  readonly onRequest = (clientId: string, request: string): Promise<void> | undefined => {
    const name = `${clientId} ${request}`
    this.#seen.set(name, this.count(clientId, request) + 1)
    const refused = this.#refused.get(name)?.shift()
    return refused ? Promise.reject(refused) : this.#held.get(name)?.opened
  }

  /** How many requests of a name a client has made. */
  count(clientId: string, request: string): number {
    return this.#seen.get(`${clientId} ${request}`) ?? 0
  }

  /** Has requests wait until they are let go. */
  hold(clientId: string, request: string): void {
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    this.#held.set(`${clientId} ${request}`, { opened, open })
  }

  /** Has the next requests fail with these errors, one each. */
  refuse(clientId: string, request: string, ...errors: Error[]): void {
    const name = `${clientId} ${request}`
    this.#refused.set(name, [...(this.#refused.get(name) ?? []), ...errors])
  }

  release(): void {
    for (const { open } of this.#held.values()) open()
    this.#held.clear()
  }
}
