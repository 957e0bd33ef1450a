import type { SeededRandom } from './seeded-random.ts'

/** What befalls one worker. */
export type WorkerFault = 'freeze' | 'cut' | 'fence' | 'stop' | 'kill'

/** Faults that come of themselves, in the course of time. */
export type TimedFault = WorkerFault | 'coordinator-move' | 'start' | 'compact'

/** What goes wrong in a simulation, and how often. Probabilities are of each request or write. */
export interface SimulationFaults {
  /** A request does not reach the broker; the worker learns of it by a timeout. */
  readonly requestLost: number
  /** A request takes effect and its answer is lost: the worker does not know. */
  readonly answerLost: number
  /** A request takes effect after the worker has given it up, and may have sent another. */
  readonly late: number
  /** A request is sent again though it had taken effect. */
  readonly duplicated: number
  /** A request or an answer takes long, up to longer than a session lasts. */
  readonly delayed: number
  /** The worker crashes before a request takes effect. */
  readonly crashAtRequest: number
  /** The worker crashes after a request took effect, before it learns of that. */
  readonly crashAtAnswer: number
  /** The worker crashes before or after a batch is on its disk. */
  readonly crashAtWrite: number
  /** A worker that is started again finds an empty disk. */
  readonly diskLost: number
  /** What happens in the course of time. */
  readonly timed: readonly TimedFault[]
  /** Virtual milliseconds between two of those, on average. */
  readonly timedIntervalMs: number
}

/** A simulation in which nothing fails. */
export const noFaults: SimulationFaults = {
  requestLost: 0,
  answerLost: 0,
  late: 0,
  duplicated: 0,
  delayed: 0,
  crashAtRequest: 0,
  crashAtAnswer: 0,
  crashAtWrite: 0,
  diskLost: 0,
  timed: [],
  timedIntervalMs: 1_000,
}

const timedFaults: readonly TimedFault[] = [
  'freeze',
  'cut',
  'coordinator-move',
  'fence',
  'stop',
  'kill',
  'start',
  'compact',
]

/**
 * Faults by chance: of each seed some kinds and not others, each at a rate of its own, since what is common to all runs
 * hides what only shows without it.
 */
export function drawFaults(random: SeededRandom): SimulationFaults {
  if (random.chance(0.05)) return noFaults
  const rate = (most: number): number =>
    random.chance(0.5) ? most * 10 ** random.between(-1, 0) : 0
  return {
    requestLost: rate(0.03),
    answerLost: rate(0.03),
    late: rate(0.03),
    duplicated: rate(0.1),
    delayed: rate(0.05),
    crashAtRequest: rate(0.03),
    crashAtAnswer: rate(0.03),
    crashAtWrite: rate(0.08),
    diskLost: random.chance(0.2) ? 0.5 : 0,
    timed: timedFaults.filter(() => random.chance(0.4)),
    timedIntervalMs: random.between(60, 500),
  }
}

/**
 * Without what lets a worker go on after its tasks were given to another. Under `at_least_once` nothing keeps such a
 * worker from writing over newer records of a changelog, in Kafka Streams as here: state can then lose what inputs did,
 * though their outputs were there, and less can be asked for.
 */
export function withoutZombies(faults: SimulationFaults): SimulationFaults {
  const zombies: ReadonlySet<TimedFault> = new Set(['freeze', 'cut', 'coordinator-move'])
  return {
    ...faults,
    delayed: 0,
    late: 0,
    timed: faults.timed.filter((each) => !zombies.has(each)),
  }
}
