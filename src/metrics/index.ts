export { PrometheusMetrics, defaultBuckets, type PrometheusOptions } from './prometheus.ts'
export {
  noMetrics,
  type Counter,
  type Gauge,
  type Histogram,
  type Labels,
  type Metrics,
} from './sensors.ts'
