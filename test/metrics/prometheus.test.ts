import { describe, expect, it } from 'vitest'
import { PrometheusMetrics } from '../../src/metrics/prometheus.ts'

const create = (): PrometheusMetrics => new PrometheusMetrics({ processMetrics: false })

describe('PrometheusMetrics', () => {
  it('exposes counters, gauges and histograms with their labels', async () => {
    const metrics = create()
    metrics.counter('records_total', 'Records.', { task: '0_1' }).add(3)
    metrics.gauge('lag', 'Lag.', { task: '0_1' }).set(7)
    metrics.histogram('latency_seconds', 'Latency.', { task: '0_1' }, [0.1, 1]).observe(0.5)
    const text = await metrics.expose()
    expect(text).toContain('# HELP records_total Records.')
    expect(text).toContain('records_total{task="0_1"} 3')
    expect(text).toContain('lag{task="0_1"} 7')
    expect(text).toContain('latency_seconds_bucket{le="0.1",task="0_1"} 0')
    expect(text).toContain('latency_seconds_bucket{le="1",task="0_1"} 1')
  })

  it('gives the same instrument for the same name and labels', async () => {
    const metrics = create()
    metrics.counter('a_total', 'A.', { x: '1' }).add()
    metrics.counter('a_total', 'A.', { x: '1' }).add()
    expect(await metrics.expose()).toContain('a_total{x="1"} 2')
  })

  it('asks an observed gauge at each scrape', async () => {
    const metrics = create()
    let value = 1
    metrics.observedGauge('depth', 'Depth.', { q: 'a' }, () => value)
    expect(await metrics.expose()).toContain('depth{q="a"} 1')
    value = 2
    expect(await metrics.expose()).toContain('depth{q="a"} 2')
  })

  it('removes every series that carries the labels, and only those', async () => {
    const metrics = create()
    let reads = 0
    metrics.counter('a_total', 'A.', { task: '0_0', topic: 't' }).add()
    metrics.counter('a_total', 'A.', { task: '0_1', topic: 't' }).add()
    metrics.observedGauge('b', 'B.', { task: '0_0' }, () => ++reads)
    metrics.remove({ task: '0_0' })
    const text = await metrics.expose()
    expect(text).not.toContain('0_0')
    expect(text).toContain('a_total{task="0_1",topic="t"} 1')
    expect(reads).toBe(0)
  })

  it('starts afresh when a removed series comes back', async () => {
    const metrics = create()
    metrics.counter('a_total', 'A.', { task: '0_0' }).add(5)
    metrics.remove({ task: '0_0' })
    metrics.counter('a_total', 'A.', { task: '0_0' }).add(1)
    expect(await metrics.expose()).toContain('a_total{task="0_0"} 1')
  })

  it('refuses one name with differing labels or kinds', () => {
    const metrics = create()
    metrics.counter('a_total', 'A.', { task: '0_0' })
    expect(() => metrics.counter('a_total', 'A.', { topic: 't' })).toThrow(/a_total.*\[task\]/)
    expect(() => metrics.gauge('a_total', 'A.', { task: '0_0' })).toThrow(/counter/)
  })

  it("exposes Node's own metrics unless told not to", async () => {
    expect(await new PrometheusMetrics().expose()).toContain('nodejs_eventloop_lag_seconds')
    expect(await create().expose()).not.toContain('nodejs_')
  })
})
