import { connect, createServer, type Server, type Socket } from 'node:net'

/** What becomes of a request that a rule catches. */
export type Fate =
  /** The connection breaks before the broker has the request. */
  | 'request lost'
  /** The broker has the request and does what it says; the connection breaks before the answer is here. */
  | 'answer lost'
  /** The request never arrives, and nothing breaks. */
  | 'no answer'
  /** The request is kept on its way until {@link ProtocolProxy.deliverLate}, whatever becomes of its connection. */
  | 'late'

export interface SeenRequest {
  readonly apiKey: number
  /** What follows the request header's client id, a flexible header's tags included. */
  readonly body: Buffer
}

/** Stands between clients and a Kafka, understands where requests begin, and loses some of them, or their answers. */
export class ProtocolProxy implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #rules = new Map<number, Fate[]>()
  readonly #standing = new Map<number, Fate>()
  readonly #target: number
  readonly #late: Buffer[] = []
  readonly seen: SeenRequest[] = []
  /** Requests that a rule has caught. */
  caught = 0
  /** Connections that were opened so far. */
  opened = 0

  private constructor(target: number) {
    this.#target = target
    this.#server = createServer((client) => this.#serve(client, target))
  }

  static async start(port: number, target: number): Promise<ProtocolProxy> {
    const proxy = new ProtocolProxy(target)
    await new Promise<void>((resolve) => proxy.#server.listen(port, '127.0.0.1', resolve))
    return proxy
  }

  /** The next requests of this kind meet these fates, one each. */
  next(apiKey: number, ...fates: readonly Fate[]): void {
    this.#rules.set(apiKey, [...(this.#rules.get(apiKey) ?? []), ...fates])
  }

  /** All requests of this kind meet this fate until {@link reset}. */
  always(apiKey: number, fate: Fate): void {
    this.#standing.set(apiKey, fate)
  }

  /** Lets everything through again, and forgets what was seen. */
  reset(): void {
    this.#rules.clear()
    this.#standing.clear()
    this.seen.length = 0
    this.caught = 0
  }

  /** Brings the broker what was kept on its way, and resolves when it has answered, to nobody. */
  async deliverLate(): Promise<void> {
    const frames = this.#late.splice(0)
    const broker = connect({ port: this.#target, host: '127.0.0.1' })
    this.#sockets.add(broker)
    await new Promise<void>((resolve, reject) => {
      let answers = 0
      broker.on('error', reject)
      onFrames(broker, () => {
        if (++answers === frames.length) resolve()
      })
      for (const frame of frames) broker.write(frame)
    })
    this.#sockets.delete(broker)
    broker.destroy()
  }

  requests(apiKey: number): SeenRequest[] {
    return this.seen.filter((request) => request.apiKey === apiKey)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(client: Socket, target: number): void {
    this.opened++
    const broker = connect({ port: target, host: '127.0.0.1' })
    const end = (): void => {
      client.destroy()
      broker.destroy()
    }
    for (const socket of [client, broker]) {
      this.#sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => {
        this.#sockets.delete(socket)
        end()
      })
    }
    const lostAnswers = new Set<number>()
    onFrames(client, (frame) => {
      const apiKey = frame.readInt16BE(4)
      const fate = this.#fateOf(apiKey)
      this.seen.push({ apiKey, body: frame.subarray(14 + Math.max(0, frame.readInt16BE(12))) })
      if (fate === 'request lost') end()
      else if (fate === 'late') this.#late.push(Buffer.from(frame))
      else if (fate !== 'no answer') broker.write(frame)
      if (fate === 'answer lost') lostAnswers.add(frame.readInt32BE(8))
    })
    onFrames(broker, (frame) => {
      if (lostAnswers.has(frame.readInt32BE(4))) end()
      else client.write(frame)
    })
  }

  #fateOf(apiKey: number): Fate | undefined {
    const fate = this.#rules.get(apiKey)?.shift() ?? this.#standing.get(apiKey)
    if (fate !== undefined) this.caught++
    return fate
  }
}

/** Calls back with each whole frame, its size included. */
function onFrames(socket: Socket, take: (frame: Buffer) => void): void {
  let received: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const length = 4 + received.readInt32BE(0)
      take(received.subarray(0, length))
      received = received.subarray(length)
    }
  })
}
