import { JoinWindows } from 'millrace'
import { text, type Declare } from './topics.ts'

export const foundTopologies: Readonly<Record<string, Declare>> = {
  'found-outer-join-stops-at-the-second-record-of-a-key': (builder) => {
    builder
      .stream(text('in'))
      .outerJoin(builder.stream(text('in-2')), (a, b) => `${a}+${b}`, {
        windows: JoinWindows.of({ timeDifferenceMs: 1, graceMs: 5 }),
        emitIntervalMs: 0,
      })
      .to(text('out'))
  },
}
