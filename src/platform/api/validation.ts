import SerializerSelector from '@fastify/fast-json-stringify-compiler'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import addFormatsModule from 'ajv-formats'
import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import type { FastifySerializerCompiler, FastifyValidationResult } from 'fastify/types/schema.js'
import type { Static, TSchema } from 'typebox'
import type { Violation } from '#kernel'
import { violationsOf } from './problem.ts'

// ajv-formats is CommonJS with its function on `default`.
const addFormats = addFormatsModule as unknown as (ajv: Ajv2020) => void

const strict = { allErrors: false, useDefaults: true, removeAdditional: false, strict: false, validateFormats: true, ownProperties: true } as const

/** A body means what it says: `true` is not `"true"`, null is not empty, an unknown field is an error. */
const body = new Ajv2020({ ...strict, coerceTypes: false, allErrors: true })
/** A query, a path and a header are all text, and become what the schema asks for. */
const text = new Ajv2020({ ...strict, coerceTypes: true })

for (const ajv of [body, text]) addFormats(ajv)

/** Compiles a route's schemas, strict for bodies and coercing for the rest, when they are first used: a process pays for no route that nobody calls. */
export const validatorCompiler: FastifySchemaCompiler<object> = ({ schema, httpPart }) => {
  let compiled: ValidateFunction | undefined
  const validate: FastifyValidationResult = data => {
    compiled ??= (httpPart === 'body' ? body : text).compile(schema)
    const isValid = compiled(data)
    validate.errors = (compiled.errors ?? null) as FastifySchemaValidationError[] | null
    return isValid
  }
  return validate
}

const serializerFor = SerializerSelector()({}, {})

/** Compiles what writes a route's answers, when the first is written. */
export const serializerCompiler: FastifySerializerCompiler<unknown> = route => {
  let serialize: ((answer: unknown) => string) | undefined
  return answer => {
    serialize ??= serializerFor({ ...route, httpStatus: route.httpStatus ?? 'default' })
    return serialize(answer)
  }
}

/** A check of values as bodies of this schema are checked: the value when it obeys, otherwise every place where it does not. Make it once. */
export function compileInput<S extends TSchema> (schema: S): (value: unknown) => { readonly value: Static<S> } | { readonly violations: Violation[] } {
  const validate = body.compile(schema)
  // The schema is what makes the type: what obeys it is one.
  return value => validate(value) ? { value: value as Static<S> } : { violations: violationsOf(validate.errors ?? [], 'body') }
}
