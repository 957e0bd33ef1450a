/** How values of types with more than one natural form in TypeScript look. */
export interface AvroRepresentation {
  /**
   * What a `long` is. `number` never loses precision: a long beyond ±(2^53 − 1) is an error on reading and on
   * writing.
   *
   * @default 'number'
   */
  readonly long?: 'number' | 'bigint'
  /**
   * What `timestamp-millis` and `date` are: milliseconds and days since the epoch, or a Date (of a `date`, midnight
   * UTC).
   *
   * @default 'number'
   */
  readonly dates?: 'number' | 'date'
}
