import { KafkaStreams } from '../kafka-streams.ts'
import type { KafkaStreamsConfig } from '../kafka-streams-config.ts'
import type { Logger } from '../core/logger.ts'
import { tuneGarbageCollection } from './garbage-collection.ts'
import { untilStopped } from './until-stopped.ts'

/** Runs a worker until it is told to stop, then drains it: what is in hand is finished and committed. */
export async function runWorker(config: KafkaStreamsConfig, logger: Logger): Promise<void> {
  tuneGarbageCollection(config.threads ?? 1)
  const signals = untilStopped(logger)
  const starting = new AbortController()
  const app = new KafkaStreams(config)
  app.onStateChange((now, before) => logger.info(`The worker is ${now}`, { before }))
  try {
    void signals.stopped.then(() => starting.abort(new Error('Stopped while starting')))
    try {
      await app.start({ signal: starting.signal })
    } catch (error) {
      if (starting.signal.aborted) return
      throw error
    }
    console.log(startedLine(app))
    await Promise.race([signals.stopped, app.closed])
  } finally {
    await app.close()
    signals.end()
  }
  const { error } = app.status()
  if (error) throw error
}

function startedLine(app: KafkaStreams): string {
  const { applicationId, state, tasks } = app.status()
  const http = app.httpUrl === undefined ? '' : `, ${app.httpUrl}`
  const threads = app.status().threads
  const inThreads = threads ? ` in ${threads.length} threads` : ''
  return `${applicationId} is ${state} with ${tasks.length} tasks${inThreads}${http}`
}
