/** One record header: a name, which may repeat, and bytes. */
export interface Header {
  readonly key: string
  readonly value: Buffer | null
}

/** The headers of a record in the order they were written. Source: Kafka's `Headers`. */
export type Headers = readonly Header[]

/** The headers of a record that has none: one shared, frozen instance. */
export const noHeaders: Headers = Object.freeze([])
