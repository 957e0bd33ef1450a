/** The metrics of a suppression, labelled as those of its task, and with the operator. Source: Java's `Sensors`. */
export const suppressionMetrics: Readonly<
  globalThis.Record<'emitted' | 'count' | 'size', { readonly name: string; readonly help: string }>
> = {
  emitted: {
    name: 'millrace_suppression_emit_total',
    help: 'Rows that a suppression emitted.',
  },
  count: {
    name: 'millrace_suppression_buffer_count',
    help: 'Rows that a suppression holds back.',
  },
  size: {
    name: 'millrace_suppression_buffer_size_bytes',
    help: 'Bytes of what a suppression holds back, as its bounds count them.',
  },
}
