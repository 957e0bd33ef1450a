import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { suppressionMetrics } from '../../src/dsl/suppression-metrics.ts'
import * as metricNames from '../../src/metrics/names.ts'

interface Service {
  readonly image: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>
}

interface Stack {
  readonly services: Readonly<Record<string, Service>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const stack = parse(readFileSync('docker-compose.yml', 'utf8')) as Stack
const services = Object.entries(stack.services)

describe('docker-compose.yml', () => {
  const client = composeClient()

  it(`is accepted by ${client?.join(' ') ?? 'the YAML reader; no compose client is here'}`, () => {
    expect(faultsOf(client)).toBe('')
  })

  it('has Kafka, a schema registry, Prometheus and Grafana', () => {
    const names = services.map(([name]) => name)
    expect(names).toEqual(
      expect.arrayContaining(['kafka', 'schema-registry', 'prometheus', 'grafana']),
    )
  })

  it('pins each image to a version', () => {
    for (const [name, { image }] of services) expect(image, name).toMatch(/^[\w/-]+:v?\d+\.\d+/)
  })

  it('opens ports to this machine only', () => {
    for (const [name, { ports = [] }] of services) {
      for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
    }
  })

  it('mounts only files that are there and volumes that are declared', () => {
    for (const [name, { volumes = [] }] of services) {
      for (const volume of volumes) {
        const [source = ''] = volume.split(':')
        const known = source.startsWith('.') ? existsSync(source) : source in stack.volumes
        expect(known, `${name}: ${volume}`).toBe(true)
      }
    }
  })
})

describe('Prometheus and Grafana', () => {
  const dashboard = readFileSync('scripts/compose/grafana/dashboards/millrace.json', 'utf8')
  const panels = (JSON.parse(dashboard) as { panels: Panel[] }).panels
  const known = new Set(allMetrics().map(({ name }) => name))

  it('are wired to each other', () => {
    const source = parse(
      readFileSync('scripts/compose/grafana/provisioning/datasources/prometheus.yml', 'utf8'),
    ) as { datasources: { uid: string; url: string }[] }
    expect(source.datasources[0]?.url).toBe('http://prometheus:9090')
    const used = panels.flatMap(({ datasource }) => (datasource ? [datasource.uid] : []))
    expect(new Set(used)).toEqual(new Set([source.datasources[0]?.uid]))
  })

  it('scrape the port that the documentation names', () => {
    const prometheus = readFileSync('scripts/compose/prometheus/prometheus.yml', 'utf8')
    expect(prometheus).toContain('host.docker.internal:9464')
    expect(readFileSync('docs/operations.md', 'utf8')).toContain('9464')
  })

  it('show only metrics that the package has', () => {
    const shown = panels.flatMap(({ targets = [] }) =>
      targets.flatMap(({ expr }) => metricsIn(expr)),
    )
    expect(shown.length).toBeGreaterThan(10)
    expect(shown.filter((name) => !known.has(name))).toEqual([])
  })
})

describe('docs/operations.md', () => {
  it('describes every metric of the package, and no other', () => {
    const text = readFileSync('docs/operations.md', 'utf8')
    const described = [...text.matchAll(/^\| `(millrace_\w+)`/gm)].map((match) => match[1])
    expect(described.toSorted()).toEqual(
      allMetrics()
        .map(({ name }) => name)
        .toSorted(),
    )
  })
})

interface Panel {
  readonly datasource?: { readonly uid: string }
  readonly targets?: readonly { readonly expr: string }[]
}

/** The metrics of Millrace in a query; a histogram's series lead back to its name. */
function metricsIn(expression: string): string[] {
  return [...expression.matchAll(/\bmillrace_\w+/g)].map(([name]) =>
    name.replace(/_(?:bucket|sum|count)$/, ''),
  )
}

/** Every group of names that src/metrics/names.ts exports, and those that operators bring. */
function allMetrics(): metricNames.MetricName[] {
  const groups = [...Object.values(metricNames), suppressionMetrics]
  return groups.flatMap((group): metricNames.MetricName[] => Object.values(group))
}

/** What the client says against the file; without a client, reading it above was the check. */
function faultsOf(client: readonly string[] | undefined): string {
  if (client === undefined) return ''
  const [command = '', ...args] = client
  const config = spawnSync(command, [...args, '-f', 'docker-compose.yml', 'config', '--quiet'], {
    encoding: 'utf8',
  })
  return config.status === 0 ? '' : `exit code ${config.status}: ${config.stderr}${config.stdout}`
}

/** How to call compose here: the plugin of docker, or the program of its own. */
function composeClient(): string[] | undefined {
  const candidates = [['docker', 'compose'], ['docker-compose']]
  return candidates.find(([command = '', ...args]) => {
    return spawnSync(command, [...args, 'version'], { stdio: 'ignore' }).status === 0
  })
}
