import { createServer, type AddressInfo, type Socket } from 'node:net'

/** Answers one request: the body of the response, 'hang' for none, 'close' to end the connection. */
export type Answer = (request: ReceivedRequest) => Buffer | 'hang' | 'close'

export interface ReceivedRequest {
  readonly apiKey: number
  readonly apiVersion: number
  /** What follows the request header, a flexible header's tags included. */
  readonly body: Buffer
}

/** A TCP server that speaks Kafka's framing and says what the test wants. */
export class ScriptedBroker implements AsyncDisposable {
  readonly port: number
  readonly #sockets: Set<Socket>
  readonly #close: () => Promise<void>

  private constructor(port: number, sockets: Set<Socket>, close: () => Promise<void>) {
    this.port = port
    this.#sockets = sockets
    this.#close = close
  }

  static async start(answer: Answer): Promise<ScriptedBroker> {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => undefined)
      serve(socket, answer)
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    return new ScriptedBroker(
      (server.address() as AddressInfo).port,
      sockets,
      () => new Promise((resolve) => server.close(() => resolve())),
    )
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.#close()
  }
}

function serve(socket: Socket, answer: Answer): void {
  let received = Buffer.alloc(0)
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
      const length = 4 + received.readInt32BE(0)
      respond(socket, received.subarray(4, length), answer)
      received = received.subarray(length)
    }
  })
}

function respond(socket: Socket, frame: Buffer, answer: Answer): void {
  const clientIdLength = Math.max(0, frame.readInt16BE(8))
  const body = answer({
    apiKey: frame.readInt16BE(0),
    apiVersion: frame.readInt16BE(2),
    body: frame.subarray(10 + clientIdLength),
  })
  if (body === 'hang') return
  if (body === 'close') {
    socket.destroy()
    return
  }
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + body.length, 0)
  frame.copy(head, 4, 4, 8) // correlation id
  socket.write(Buffer.concat([head, body]))
}
