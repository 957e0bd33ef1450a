import { ConfigError } from '../core/errors.ts'
import { isPromise } from '../core/maybe-promise.ts'
import { packedText } from './json-text.ts'
import { unreadable, unwritable } from './serde-errors.ts'
import type { Serde, SerdeContext } from './serde.ts'
import { ShapedJson } from './shaped-json.ts'
import { issuePath, type StandardSchema, type StandardSchemaIssue } from './standard-schema.ts'
import { withText } from './with-text.ts'

/** How {@link json} checks its values. */
export interface JsonOptions<Output> {
  /** A synchronous validator of any library that follows Standard Schema. */
  readonly schema: StandardSchema<unknown, Output>
  /**
   * Whether a value is also checked before it is written: that reading its JSON back would be accepted.
   *
   * @default true
   */
  readonly validateOnWrite?: boolean
}

/** The value type that a validator gives. */
export type StandardSchemaOutput<S> =
  S extends StandardSchema<unknown, infer Output> ? Output : never

/**
 * JSON as UTF-8. With a `schema`, what is read is validated and has the type that the schema gives.
 *
 * What JSON would lose without a word (NaN, the infinities, functions) is an error that names the field.
 *
 * @throws SerializationError, DeserializationError; ConfigError where the validator is asynchronous, which a
 * synchronous serde cannot wait for.
 */
export function json<T>(): Serde<T>
export function json<S extends StandardSchema>(options: {
  readonly schema: S
  readonly validateOnWrite?: boolean
}): Serde<StandardSchemaOutput<S>>
export function json(options?: JsonOptions<unknown>): Serde<unknown> {
  return options === undefined ? plain : validated(options)
}

const plainJson = new ShapedJson()

const plain: Serde<unknown> = withText<unknown>(
  {
    name: 'json',
    serialize: (value, context) => Buffer.from(plainJson.text(value, context), 'utf8'),
    deserialize: (bytes, context) => plainJson.parseAt(bytes, 0, bytes.length, context),
    deserializeAt: (buffer, start, end, context) => plainJson.parseAt(buffer, start, end, context),
  },
  {
    serializeText: (value, context) => plainJson.packed(value, context),
    deserializeText: (text, context) => plainJson.parseText(text, context),
  },
)

function validated(options: JsonOptions<unknown>): Serde<unknown> {
  const validate = validatorOf(options.schema)
  const accepted = (value: unknown, context: SerdeContext): unknown => {
    const result = validate(value)
    if (!result.issues) return result.value
    throw unreadable('json', context, issuesText(result.issues), {
      field: firstField(result.issues),
    })
  }
  const validateOnWrite = options.validateOnWrite ?? true
  const shaped = new ShapedJson()
  const writtenText = (value: unknown, context: SerdeContext): string => {
    const text = shaped.text(value, context)
    if (validateOnWrite) {
      const { issues } = validate(JSON.parse(text))
      if (issues) {
        throw unwritable('json', context, issuesText(issues), { field: firstField(issues) })
      }
    }
    return text
  }
  const deserializeAt: Required<Serde<unknown>>['deserializeAt'] = (buffer, start, end, context) =>
    accepted(shaped.parseAt(buffer, start, end, context), context)
  return withText<unknown>(
    {
      name: 'json',
      serialize: (value, context) => Buffer.from(writtenText(value, context), 'utf8'),
      deserialize: (bytes, context) => deserializeAt(bytes, 0, bytes.length, context),
      deserializeAt,
    },
    {
      serializeText: (value, context) => packedText(writtenText(value, context)),
      deserializeText: (text, context) => accepted(shaped.parseText(text, context), context),
    },
  )
}

type Checked =
  | { readonly value: unknown; readonly issues?: undefined }
  | { readonly issues: readonly StandardSchemaIssue[] }

function validatorOf(schema: StandardSchema<unknown, unknown>): (value: unknown) => Checked {
  const standard = schema?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new ConfigError(
      'json({ schema }): the schema does not follow Standard Schema (https://standardschema.dev); ' +
        'zod 3.24, valibot 1.0 and arktype 2.0 and later do',
    )
  }
  return (value) => {
    const result = standard.validate(value)
    if (!isPromise(result)) return result
    // Nobody waits for this promise any more; a rejection of it must not end the process.
    result.catch(() => undefined)
    throw new ConfigError(
      `json({ schema }): the ${standard.vendor} schema validates asynchronously, which a serde cannot wait for; ` +
        'leave the asynchronous checks out of it and do them in an asynchronous operator',
    )
  }
}

function firstField(issues: readonly StandardSchemaIssue[]): string | undefined {
  const first = issues[0]
  return first === undefined ? undefined : issuePath(first) || undefined
}

function issuesText(issues: readonly StandardSchemaIssue[]): string {
  return issues
    .map((issue) => {
      const path = issuePath(issue)
      return path === '' ? issue.message : `${path}: ${issue.message}`
    })
    .join('; ')
}
