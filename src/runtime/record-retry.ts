/** Thrown through the nodes of a task to end the attempt at a record that is to be undone and tried again. */
export class RecordRetry extends Error {
  /** How long to wait before. */
  readonly waitMs: number

  constructor(waitMs: number) {
    super('The record in process is undone, to be processed again')
    this.name = 'RecordRetry'
    this.waitMs = waitMs
  }
}
