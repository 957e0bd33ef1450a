import { messageOf, StateStoreError, StreamsError } from '../../core/errors.ts'
import type { RocksDb, RocksDbCursor } from './binding.ts'
import { unusable } from './format-file.ts'

/** A database whose errors name the folder and say how to go on. */
export function guardedDatabase(database: RocksDb, folder: string): RocksDb {
  const guard = <T>(result: Promise<T>): Promise<T> =>
    result.catch((error: unknown) => {
      throw databaseError(error, folder)
    })
  return {
    getMany: (keys) => guard(database.getMany(keys)),
    iterate: (range, options) => guardedCursor(database.iterate(range, options), guard),
    batch() {
      const batch = database.batch()
      return {
        copiesAtOnce: batch.copiesAtOnce,
        put: (key, value) => batch.put(key, value),
        delete: (key) => batch.delete(key),
        write: () => guard(batch.write()),
        discard: () => batch.discard(),
      }
    },
    clearRange: (range) => guard(database.clearRange(range)),
    approximateBytes: (range) => guard(database.approximateBytes(range)),
    numberProperty: (name) => guard(database.numberProperty(name)),
    close: () => guard(database.close()),
  }
}

function guardedCursor(
  cursor: RocksDbCursor,
  guard: <T>(result: Promise<T>) => Promise<T>,
): RocksDbCursor {
  return { next: () => guard(cursor.next()), close: () => guard(cursor.close()) }
}

function databaseError(error: unknown, folder: string): StreamsError {
  if (error instanceof StreamsError) return error
  const said = fullMessageOf(error)
  if (/corrupt|checksum mismatch|bad magic|truncated|No such file/i.test(said)) {
    return unusable(folder, `RocksDB says '${said}'`, error)
  }
  return new StateStoreError(`The state folder ${folder} failed a request: ${said}`, {
    cause: error,
  })
}

/** Some bindings put RocksDB's own words into the cause. */
function fullMessageOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined
  return cause === undefined ? messageOf(error) : `${messageOf(error)}: ${messageOf(cause)}`
}
