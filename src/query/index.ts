export type { Freshness } from './freshness.ts'
export { KeyValueView, type ViewReadOptions, type ViewValue } from './key-value-view.ts'
export { SessionView, type SessionValue } from './session-view.ts'
export { WindowView, type WindowRange } from './window-view.ts'
