// Node 20 has Symbol.asyncDispose; its type comes with TypeScript's esnext.disposable library.

/** Something that was opened and can be closed; `await using` closes it. Closing twice is harmless. */
export interface AsyncCloseable extends AsyncDisposable {
  close(): Promise<void>
}
