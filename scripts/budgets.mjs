// What the package may cost those who use it. Raise a number only together with the reason in the commit's message.

export const typeCheck = {
  /** Instantiations of types over the whole repository: how hard the generics make the compiler work. */
  instantiations: 1_500_000,
  /** Wall-clock seconds of checking, on two cores that other work shares. */
  checkSeconds: 60,
}

export const pack = {
  /** The tarball, in bytes, with the sources and source maps that make stack traces readable. */
  packedBytes: 1_900_000,
  unpackedBytes: 8_500_000,
}

export const boundaries = {
  /** A boundary check that sees fewer modules of src/ than this has gone blind. */
  leastModules: 60,
}
