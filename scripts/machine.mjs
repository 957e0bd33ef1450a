// What this machine has that some test suites need.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const oldestJava = 17

/** Why the suites against a real Kafka and schema registry cannot run here; undefined where they can. */
export function whyNoKafka() {
  const java = javaVersion()
  if (java === undefined) return `there is no java on the path (${oldestJava} or newer is needed)`
  if (java < oldestJava) return `java is ${java}; ${oldestJava} or newer is needed`
  if (!answers('mvn', '--version')) return 'there is no mvn (Maven) on the path'
  return undefined
}

/** Why the suite that runs Kafka Streams itself cannot run here; undefined where it can. */
export function whyNoOracle() {
  const why = whyNoKafka()
  if (why !== undefined) return why
  if (!answers('javac', '-version')) return 'there is no javac on the path (a JDK is needed)'
  return undefined
}

/** Why the suites in a real browser cannot run here; undefined where they can. */
export function whyNoBrowser() {
  const path = chromiumPath()
  if (existsSync(path)) return undefined
  return `there is no Chromium at ${path}; install it there or set CHROMIUM_PATH`
}

export function chromiumPath() {
  return process.env.CHROMIUM_PATH ?? '/usr/bin/chromium'
}

function javaVersion() {
  // `java -version` writes to standard error: openjdk version "17.0.15" …, and "1.8.0_412" before Java 9.
  const result = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = /version "(\d+)(?:\.(\d+))?/.exec(result.stderr ?? '')
  if (result.status !== 0 || version === null) return undefined
  return version[1] === '1' ? Number(version[2]) : Number(version[1])
}

function answers(command, ...args) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0
}
