import { describe, expect, it } from 'vitest'
import { TopologyError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import {
  decodeAssignmentData,
  decodeMemberData,
  encodeData,
  type AssignmentData,
  type MemberData,
} from '../../../src/runtime/assignor/member-data.ts'
import { TaskAssignor, topologyFingerprint } from '../../../src/runtime/assignor/task-assignor.ts'
import type { TaskInputs } from '../../../src/runtime/topic-layout.ts'
import { forwardAll, textTopology } from '../text-topologies.ts'

const subTopology = textTopology({ sources: ['in'], steps: [] }).plan().subTopologies[0]!

function task(partition: number): [string, TaskInputs] {
  const partitions = [{ topic: 'in', partition }]
  return [`0_${partition}`, { taskId: { subTopology: 0, partition }, subTopology, partitions }]
}

function memberData(
  fingerprint: string,
  active: readonly string[] = [],
  generation = active.length > 0 ? 1 : -1,
): MemberData {
  return {
    version: 2,
    processId: 'p',
    generation,
    active,
    standby: [],
    stored: {},
    fingerprint,
  }
}

function data(...args: Parameters<typeof memberData>): Buffer {
  return encodeData(memberData(...args))
}

function assignor(fingerprint: string): TaskAssignor {
  return new TaskAssignor({
    topics: () => ['in'],
    logger: silentLogger,
    settings: { numStandbyReplicas: 0, acceptableRecoveryLag: 10_000, maxWarmupReplicas: 2 },
    probingRebalanceIntervalMs: 600_000,
    memberData: () => memberData(fingerprint),
    look: () =>
      Promise.resolve({
        inputs: { in: 2 },
        layout: {
          tasks: new Map([task(0), task(1)]),
          internalTopics: [],
          taskCounts: new Map([[0, 2]]),
        },
      }),
    changelogEnds: () => Promise.resolve(new Map()),
  })
}

const topics = ['in']

describe('the assignor', () => {
  it('hands out partitions and the names of the tasks that read them', async () => {
    const assigned = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x') },
      { memberId: 'b', topics, userData: data('x', ['0_0']) },
    ])
    expect(assigned.get('a')!.partitions).toEqual([{ topic: 'in', partition: 1 }])
    expect(decodeAssignmentData(assigned.get('a')!.userData)).toEqual({
      version: 2,
      active: ['0_1'],
      standby: [],
      awaited: [],
      followUp: false,
      unsettled: false,
      inputs: { in: 2 },
    })
    expect(assigned.get('b')!.partitions).toEqual([{ topic: 'in', partition: 0 }])
  })

  it('refuses a member with another topology, and disturbs the others no further', async () => {
    const assigned = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0', '0_1']) },
      { memberId: 'new', topics, userData: data('y') },
    ])
    expect(decodeAssignmentData(assigned.get('a')!.userData).active).toEqual(['0_0', '0_1'])
    expect(assigned.get('new')!.partitions).toEqual([])
    expect(decodeAssignmentData(assigned.get('new')!.userData).refused).toMatch('another topology')
  })

  it('gives up as a leader whose topology is not that of those who run the tasks', async () => {
    const assigning = assignor('y').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0', '0_1']) },
      { memberId: 'new', topics, userData: data('y') },
    ])
    await expect(assigning).rejects.toThrow(TopologyError)
    await expect(assigning).rejects.toThrow('stop the old ones before the new ones start')
  })

  it('has a task let go by who runs it before another gets it', async () => {
    const first = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0', '0_1']) },
      { memberId: 'b', topics, userData: data('x') },
    ])
    const told = (id: string): AssignmentData => decodeAssignmentData(first.get(id)!.userData)
    expect(told('a')).toMatchObject({ active: ['0_0'], followUp: true, unsettled: true })
    expect(told('b')).toMatchObject({ active: [], awaited: ['0_1'], followUp: false })
    expect(first.get('b')!.partitions).toEqual([])
    const second = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0'], 2) },
      { memberId: 'b', topics, userData: data('x', [], 2) },
    ])
    const settled = { awaited: [], followUp: false, unsettled: false }
    expect(decodeAssignmentData(second.get('a')!.userData)).toMatchObject(settled)
    expect(decodeAssignmentData(second.get('b')!.userData)).toMatchObject({
      active: ['0_1'],
      ...settled,
    })
  })

  it('believes the one of two that was given a task later', async () => {
    const assigned = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0', '0_1'], 4) },
      { memberId: 'b', topics, userData: data('x', ['0_1'], 5) },
    ])
    const told = [...assigned.values()].map(({ userData }) => decodeAssignmentData(userData))
    expect(told.map(({ active }) => active)).toEqual([['0_0'], ['0_1']])
    expect(told.map(({ awaited }) => awaited)).toEqual([[], []])
  })

  it('refuses a worker of the version before, and says that it is of another version', async () => {
    const older = { version: 1, processId: 'p', owned: [], stored: [], fingerprint: 'x' }
    const assigned = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x') },
      { memberId: 'old', topics, userData: Buffer.from(JSON.stringify(older)) },
    ])
    const { refused } = decodeAssignmentData(assigned.get('old')!.userData)
    expect(refused).toMatch('another version of Millrace')
    const fromOlder = Buffer.from(JSON.stringify({ version: 1, tasks: ['0_0'] }))
    expect(() => decodeAssignmentData(fromOlder)).toThrow('another version of Millrace')
    const refusedByOlder = Buffer.from(JSON.stringify({ version: 1, tasks: [], refused: 'why' }))
    expect(decodeAssignmentData(refusedByOlder).refused).toBe('why')
  })

  it('refuses a member of which it cannot read what it says', async () => {
    for (const foreign of [Buffer.alloc(0), Buffer.from([0, 1]), Buffer.from('{"version":3}')]) {
      const assigned = await assignor('x').assign([
        { memberId: 'a', topics, userData: data('x') },
        { memberId: 'other', topics, userData: foreign },
      ])
      expect(decodeAssignmentData(assigned.get('a')!.userData).active).toHaveLength(2)
      expect(decodeAssignmentData(assigned.get('other')!.userData).refused).toMatch(
        'another program uses this application id',
      )
    }
  })

  it('tells the leader what it says about itself', () => {
    const { topics: named, userData } = assignor('x').subscription(undefined)
    expect(named).toEqual(['in'])
    expect(decodeMemberData(userData)).toMatchObject({ fingerprint: 'x', active: [] })
  })

  it('takes nothing for no tasks, and refuses an assignment that it cannot read', () => {
    expect(decodeAssignmentData(Buffer.alloc(0)).active).toEqual([])
    expect(() => decodeAssignmentData(Buffer.from('no JSON'))).toThrow('cannot be read')
    expect(() => decodeAssignmentData(Buffer.from('{"version":1}'))).toThrow(TopologyError)
  })
})

describe('the fingerprint of a topology', () => {
  const fingerprint = (name: string): string => {
    const steps = [{ name, parents: ['in'], process: forwardAll }]
    return topologyFingerprint(textTopology({ sources: ['in'], steps }).plan())
  }

  it('is the same for the same nodes, and another where a node has another name', () => {
    expect(fingerprint('step')).toBe(fingerprint('step'))
    expect(fingerprint('step')).not.toBe(fingerprint('other'))
  })
})
