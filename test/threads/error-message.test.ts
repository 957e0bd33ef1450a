import { describe, expect, test } from 'vitest'
import * as streamsErrors from '../../src/core/errors.ts'
import {
  BrokerError,
  isStreamsError,
  ProcessingError,
  StreamsError,
} from '../../src/core/errors.ts'
import { errorMessage, errorOf } from '../../src/threads/error-message.ts'
import { factsOf, portableFacts } from '../../src/threads/portable-log.ts'

function crossed(thrown: unknown): Error {
  return errorOf(structuredClone(errorMessage(thrown)))
}

const classes = Object.values(streamsErrors).filter(
  (each): each is typeof StreamsError =>
    typeof each === 'function' && each.prototype instanceof StreamsError,
)

describe('an error that crosses to another thread', () => {
  test.each(classes.map((each) => [each.name, each] as const))('is a %s there', (name, Class) => {
    const error = new Class('what is wrong', { offset: 3, field: 'key' })
    const there = crossed(error)
    expect(there).toBeInstanceOf(Class)
    expect(isStreamsError(there)).toBe(true)
    const { code, scope, message, stack } = error
    expect(there).toMatchObject({ name, code, scope, message, stack, offset: 3, field: 'key' })
  })

  test('keeps its place, what it is of, and whether it may be tried again', () => {
    const cause = new BrokerError('no leader', { brokerCode: 6, retriable: true })
    const serde = { serialize: () => Buffer.alloc(0) }
    const error = new ProcessingError('failed', {
      cause,
      taskId: { subTopology: 1, partition: 2 },
      // As where a source node names the place.
      topicPartition: { topic: 'words', partition: 2, ...serde },
    })
    const there = crossed(error)
    expect(there).toMatchObject({
      message: error.message,
      taskId: { subTopology: 1, partition: 2 },
      topicPartition: { topic: 'words', partition: 2 },
    })
    expect(there.cause).toBeInstanceOf(BrokerError)
    expect(there.cause).toMatchObject({ brokerCode: 6, retriable: true })
  })

  test('of a class that is not ours has its name, message, stack and causes', () => {
    class OrderError extends Error {
      override readonly name = 'OrderError'
    }
    const error = new OrderError('no such order', { cause: 'a text' })
    const there = crossed(error)
    expect(there).toMatchObject({ name: 'OrderError', message: 'no such order' })
    expect(there.stack).toBe(error.stack)
    expect(there.cause).toMatchObject({ message: 'a text' })
    const circle = new Error('circle')
    circle.cause = circle
    expect(crossed(circle).message).toBe('circle')
  })
})

describe('the facts of a log message', () => {
  test('cross as what they are, errors too; what cannot be copied crosses as text', () => {
    const facts = {
      task: '0_1',
      error: new ProcessingError('failed'),
      offsets: new Map([['a', 1]]),
    }
    const odd = { serde: { read: () => 1 }, run: () => 2 }
    const there = factsOf(structuredClone(portableFacts({ ...facts, ...odd }))) as typeof facts
    expect(there).toMatchObject({ task: '0_1', offsets: new Map([['a', 1]]) })
    expect(there.error).toBeInstanceOf(ProcessingError)
    expect(there).toMatchObject({ serde: expect.stringMatching(/read/) as string })
    expect(factsOf(structuredClone(portableFacts(new Error('as facts'))))).toMatchObject({
      error: { message: 'as facts' },
    })
  })
})
