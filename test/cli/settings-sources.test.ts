import { expect, it } from 'vitest'
import { settingsFromEnvironment, settingsFromFlags } from '../../src/cli/settings-sources.ts'

it('what is held back behind dead letters can be set in the environment and by flags', () => {
  const wanted = {
    holdBackLaterRecords: true,
    maxHeldBackRecords: 50,
    onHeldBackLimit: 'let-go',
  }
  const environment = {
    MILLRACE_HOLD_BACK_LATER_RECORDS: 'true',
    MILLRACE_MAX_HELD_BACK_RECORDS: '50',
    MILLRACE_ON_HELD_BACK_LIMIT: 'let-go',
  }
  expect(settingsFromEnvironment(environment)).toEqual(wanted)
  const flags = {
    holdBackLaterRecords: 'true',
    maxHeldBackRecords: '50',
    onHeldBackLimit: 'let-go',
  }
  expect(settingsFromFlags(flags)).toEqual(wanted)
  expect(() => settingsFromFlags({ holdBackLaterRecords: 'yes' })).toThrow(
    /--hold-back-later-records is "yes"; expected true or false/,
  )
})
