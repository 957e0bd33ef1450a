import { BroadcastChannel } from 'node:worker_threads'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  isStreamsError,
  KafkaStreams,
  topic,
  StreamsBuilder,
  type KafkaStreamsConfig,
  type Logger,
} from 'millrace'
import { EmbeddedBroker } from 'millrace/broker/embedded'
import { string } from 'millrace/serdes'
import type { KeyValueStore } from 'millrace/state'
import config, { type Order } from './fixtures/app.config.ts'

interface Line {
  readonly level: keyof Logger
  readonly message: string
  readonly facts: globalThis.Record<string, unknown>
}

type Counts = KeyValueStore<string, { readonly text: string; readonly count: number }>

const whole: KafkaStreamsConfig = config

function logged(lines: Line[]): Logger {
  const at = (level: keyof Logger) => (message: string, facts?: object) =>
    void lines.push({ level, message, facts: { ...facts } })
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

function application(given: Partial<KafkaStreamsConfig> = {}): {
  readonly app: KafkaStreams
  readonly lines: Line[]
} {
  const lines: Line[] = []
  const app = new KafkaStreams({ ...whole, threads: 2, logger: logged(lines), ...given })
  onTestFinished(() => app.close())
  return { app, lines }
}

function order(command: Order): void {
  const orders = new BroadcastChannel('millrace-thread-test')
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  orders.postMessage(command)
  orders.close()
}

async function until(app: KafkaStreams, state: string): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (app.status().state === state) resolve()
    }
    app.onStateChange(check)
    check()
  })
}

async function untilTrue(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}

async function keysOf(app: KafkaStreams): Promise<string[]> {
  const keys: string[] = []
  for await (const { key, value } of app.view<Counts>({ storeName: 'counts' }).range()) {
    expect(value).toEqual({ text: 'x'.repeat(1_000), count: 1 })
    keys.push(key)
  }
  return keys
}

describe('several threads', () => {
  test('have tasks each, and one status, one set of views, one /metrics, one log', async () => {
    const http = { port: 0 }
    const given = { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 300, http }
    const { app, lines } = application(given)
    await app.start()
    const { state, tasks, threads } = app.status()
    expect(state).toBe('running')
    expect(threads?.map(({ name }) => name)).toEqual(['thread-1', 'thread-2'])
    await untilTrue(() => app.status().tasks.length === 4)
    expect(new Set(app.status().tasks.map(({ thread }) => thread)).size).toBe(2)
    expect(tasks.length).toBeLessThanOrEqual(4)

    // More than one page of entries from each partition of each thread, as their serde reads them.
    await untilTrue(async () => (await keysOf(app)).length === 2_800)
    const keys = await keysOf(app)
    expect(new Set(keys).size).toBe(2_800)
    const view = app.view<Counts>({ storeName: 'counts' })
    const one = await view.get('t1-p0-0003', { partition: 0 })
    expect(one).toMatchObject({ value: { count: 1 }, timestampMs: 1_003, lagRecords: 0 })
    expect(await view.get('absent', { partition: 1 })).toBeUndefined()
    const bounded: string[] = []
    for await (const { key } of view.range({ from: 't2-p1-0010', to: 't2-p1-0012' })) {
      bounded.push(key)
    }
    expect(bounded).toEqual(['t2-p1-0010', 't2-p1-0011', 't2-p1-0012'])
    expect(await view.approximateEntries()).toBeGreaterThan(0)

    const answered = await fetch(`${app.httpUrl}/views/counts?limit=2`)
    expect(await answered.json()).toMatchObject({ view: 'counts', truncated: true })
    const health = await Promise.all(
      ['livez', 'readyz'].map((each) => fetch(`${app.httpUrl}/${each}`)),
    )
    expect(health.map(({ status }) => status)).toEqual([200, 200])
    const metrics = await (await fetch(`${app.httpUrl}/metrics`)).text()
    for (const thread of ['thread-1', 'thread-2']) {
      expect(metrics).toMatch(
        new RegExp(`millrace_worker_tasks{application="threads-test",thread="${thread}"} 2`),
      )
      expect(metrics).toMatch(
        new RegExp(`millrace_worker_commit_latency_seconds_count{[^}]*thread="${thread}"`),
      )
    }
    expect(metrics.match(/# TYPE millrace_worker_tasks gauge/g)).toHaveLength(1)
    expect(metrics.match(/^process_start_time_seconds/gm)).toHaveLength(1)

    expect(lines).toContainEqual({
      level: 'info',
      message: 'Joined the group',
      facts: expect.objectContaining({ thread: 'thread-2' }) as object,
    })
    // What a read throws comes as what it is.
    const failure = await view.get('x', { partition: 9 }).catch((error: unknown) => error)
    expect(isStreamsError(failure) && failure.code).toBe('MILLRACE_KEY_ELSEWHERE')
    const wrong = view.get(3 as unknown as string, { partition: 0 })
    await expect(wrong).rejects.toMatchObject({ code: 'MILLRACE_SERIALIZATION' })

    // A thread that user code blocks would look alive from this one.
    order({ thread: 2, do: 'block' })
    const livez = `${app.httpUrl}/livez`
    await untilTrue(async () => (await fetch(livez)).status === 503)
    expect(await (await fetch(livez)).json()).toMatchObject({
      error: expect.stringMatching(/^thread-2 has said nothing for \d+ s/) as string,
    })
    await untilTrue(async () => (await fetch(livez)).status === 200)
    await app.close()
    expect(app.status().state).toBe('closed')
  }, 60_000)

  test('are replaced where the handler says so, a bounded number of times; then all stop', async () => {
    const { app, lines } = application({
      maxThreadReplacements: 4,
      uncaughtExceptionHandler: () => 'replace-thread',
    })
    await app.start()
    for (const how of ['throw', 'reject', 'fail a record', 'exit'] as const) {
      const replaced = (): number =>
        lines.filter((each) => /was replaced/.test(each.message)).length
      const before = replaced()
      order({ thread: 2, do: how })
      await untilTrue(() => replaced() > before)
      await until(app, 'running')
    }
    const reasons = lines.filter(({ message }) => /another takes its place/.test(message))
    expect(reasons.map(({ facts }) => facts['reason'])).toEqual([
      expect.stringMatching(/^thrown in thread 2/),
      'nobody awaits this',
      expect.stringMatching(/this record cannot be counted in thread 2/),
      expect.stringMatching(/^thread-2 ended with exit code 7 .*process\.exit/),
    ])
    // The stack says where in the user's code it was.
    expect(reasons[0]!.facts['stack']).toMatch(/app\.config\.ts/)
    await untilTrue(async () => (await keysOf(app)).length === 2_800)
    order({ thread: 2, do: 'throw' })
    await expect(app.closed).rejects.toThrow(/^thrown in thread 2/)
    expect(app.status()).toMatchObject({ state: 'error' })
    expect(lines.some(({ message }) => /too many were in ten minutes/.test(message))).toBe(true)
  }, 60_000)

  test('all stop where one ends and nothing says that it is to be replaced', async () => {
    const { app } = application({ http: { port: 0 } })
    await app.start()
    order({ thread: 1, do: 'fail a record' })
    const failure = await app.closed.catch((error: unknown) => error)
    expect(isStreamsError(failure) && failure.code).toBe('MILLRACE_PROCESSING')
    expect((failure as Error).cause).toMatchObject({ name: 'RangeError' })
    expect((await fetch(`${app.httpUrl}/livez`)).status).toBe(503)
  }, 60_000)
})

describe('a configuration with several threads', () => {
  const plain = new StreamsBuilder()
  plain.stream(topic('words', { key: string(), value: string() }))
  const { module: _, ...without } = whole

  test('needs a module that they load', () => {
    expect(() => new KafkaStreams({ ...without, threads: 2 })).toThrow(/module: import\.meta\.url/)
  })

  test('needs a broker that they reach', () => {
    const broker = new EmbeddedBroker()
    expect(() => new KafkaStreams({ ...whole, broker, threads: 2 })).toThrow(
      /broker embedded lives in one thread/,
    )
  })

  test('is refused where the module gives another topology, or none', async () => {
    const { app } = application({ topology: plain.build() })
    await expect(app.start()).rejects.toMatchObject({ code: 'MILLRACE_TOPOLOGY' })
    const missing = application({ module: new URL('./missing.ts', import.meta.url) })
    await expect(missing.app.start()).rejects.toThrow(/there is no file .*missing\.ts/)
    const other = application({ module: new URL('./threads.test.ts', import.meta.url) })
    await expect(other.app.start()).rejects.toMatchObject({ code: 'MILLRACE_CONFIG' })
  }, 60_000)
})
