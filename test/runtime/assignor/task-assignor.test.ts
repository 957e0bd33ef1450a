import { describe, expect, it } from 'vitest'
import { TopologyError } from '../../../src/core/errors.ts'
import { silentLogger } from '../../../src/core/logger.ts'
import {
  decodeAssignmentData,
  decodeMemberData,
  encodeData,
} from '../../../src/runtime/assignor/member-data.ts'
import { TaskAssignor, topologyFingerprint } from '../../../src/runtime/assignor/task-assignor.ts'
import type { TaskInputs } from '../../../src/runtime/topic-layout.ts'
import { forwardAll, textTopology } from '../text-topologies.ts'

const subTopology = textTopology({ sources: ['in'], steps: [] }).plan().subTopologies[0]!

function task(partition: number): [string, TaskInputs] {
  const partitions = [{ topic: 'in', partition }]
  return [`0_${partition}`, { taskId: { subTopology: 0, partition }, subTopology, partitions }]
}

function data(fingerprint: string, owned: readonly string[] = []): Buffer {
  return encodeData({ version: 1, processId: 'p', owned, stored: [], fingerprint })
}

function assignor(fingerprint: string): TaskAssignor {
  return new TaskAssignor({
    topics: ['in'],
    logger: silentLogger,
    memberData: () => ({ version: 1, processId: 'p', owned: [], stored: [], fingerprint }),
    tasks: () => Promise.resolve(new Map([task(0), task(1)])),
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
      version: 1,
      tasks: ['0_1'],
    })
    expect(assigned.get('b')!.partitions).toEqual([{ topic: 'in', partition: 0 }])
  })

  it('refuses a member with another topology, and disturbs the others no further', async () => {
    const assigned = await assignor('x').assign([
      { memberId: 'a', topics, userData: data('x', ['0_0', '0_1']) },
      { memberId: 'new', topics, userData: data('y') },
    ])
    expect(decodeAssignmentData(assigned.get('a')!.userData).tasks).toEqual(['0_0', '0_1'])
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

  it('refuses a member of which it cannot read what it says', async () => {
    for (const foreign of [Buffer.alloc(0), Buffer.from([0, 1]), Buffer.from('{"version":2}')]) {
      const assigned = await assignor('x').assign([
        { memberId: 'a', topics, userData: data('x') },
        { memberId: 'other', topics, userData: foreign },
      ])
      expect(decodeAssignmentData(assigned.get('a')!.userData).tasks).toHaveLength(2)
      expect(decodeAssignmentData(assigned.get('other')!.userData).refused).toMatch(
        'another program uses this application id',
      )
    }
  })

  it('tells the leader what it says about itself', () => {
    const { topics: named, userData } = assignor('x').subscription()
    expect(named).toEqual(['in'])
    expect(decodeMemberData(userData)).toMatchObject({ fingerprint: 'x', owned: [] })
  })

  it('takes nothing for no tasks, and refuses an assignment that it cannot read', () => {
    expect(decodeAssignmentData(Buffer.alloc(0)).tasks).toEqual([])
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
