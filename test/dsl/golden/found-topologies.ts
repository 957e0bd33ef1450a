import { JoinWindows } from 'millrace'
import { text, type Declare } from './topics.ts'

export const foundTopologies: Readonly<Record<string, Declare>> = {
  'found-outer-join-stops-at-the-second-record-of-a-key': (builder) => {
    const other = builder.stream(text('in-2'))
    builder
      .stream(text('in'))
      .outerJoin(other, (a, b) => `${a}+${b}`, {
        windows: JoinWindows.of({ timeDifferenceMs: 1, graceMs: 5 }),
        emitIntervalMs: 0,
      })
      .to(text('out'))
  },
}
