import { TopologyError } from '../core/errors.ts'
import type { Joiner } from './callbacks.ts'
import type { DeclaredStreamState } from './declared.ts'
import { JoinInput } from './join-input.ts'
import type { GlobalJoinOptions, JoinedOptions } from './operator-options.ts'
import type { OuterSides } from './stream-join-stores.ts'
import { joinStreams } from './stream-stream-join.ts'
import { joinGlobalTable, joinTable } from './stream-table-join.ts'
import type { KStream, StreamJoinedOptions } from './k-stream.ts'
import type { GlobalKTable, KTable } from './k-table.ts'

/** What a stream can be joined with. */
export type JoinPartner<K, OtherK, OtherV> =
  KStream<K, OtherV> | KTable<K, OtherV> | GlobalKTable<OtherK, OtherV>

/** The options of a join with any of them. */
export type AnyJoinOptions<K, V, OtherK, OtherV> =
  StreamJoinedOptions<K, V, OtherV> | JoinedOptions<K, V> | GlobalJoinOptions<K, V, OtherK>

/** Which sides go on without a match: `inner` neither, `left` this one, `outer` both. */
export type JoinKind = 'inner' | 'left' | 'outer'

const outerSides: Readonly<Record<JoinKind, OuterSides>> = {
  inner: { leftOuter: false, rightOuter: false },
  left: { leftOuter: true, rightOuter: false },
  outer: { leftOuter: true, rightOuter: true },
}

/** The joins of one stream. Source: the joins of Java's `KStreamImpl`. */
export class StreamJoins<K, V> {
  private readonly stream: DeclaredStreamState<K, V>
  private readonly input: JoinInput<K, V>

  constructor(stream: DeclaredStreamState<K, V>) {
    this.stream = stream
    this.input = new JoinInput(stream)
  }

  /** The joiner is called with null for the other side by left and outer joins only, for this one by outer joins. */
  join<OtherK, OtherV, Out>(
    kind: JoinKind,
    other: JoinPartner<K, OtherK, OtherV>,
    joiner: Joiner<K, V | null, OtherV | null, Out>,
    options: AnyJoinOptions<K, V, OtherK, OtherV>,
  ): KStream<K, Out> {
    const left = kind === 'left'
    if ('on' in options) {
      const table = other as GlobalKTable<OtherK, OtherV>
      return joinGlobalTable(this.stream, table, joiner, left, options)
    }
    const otherStream = (other as { readonly joins?: StreamJoins<K, OtherV> }).joins
    if (!otherStream) {
      const { name, key, value } = options
      const stream = this.input.partitioned({ name, key, value })
      return joinTable(stream, other as KTable<K, OtherV>, joiner, left, options)
    }
    if (!('windows' in options)) {
      throw new TopologyError(
        'A join of two streams needs windows, which say how far apart two records may be that are a pair: ' +
          '{ windows: JoinWindows.of({ timeDifferenceMs, graceMs }) }.',
      )
    }
    return joinStreams(this.input, otherStream.input, joiner, outerSides[kind], options)
  }
}
