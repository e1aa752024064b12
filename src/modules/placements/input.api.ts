import { Type } from 'typebox'
import { closed } from '#kernel'
import { rowsMax } from './batch.core.ts'
import { DebtInput, debtExample } from './input.commands.ts'
import { ColumnMapping } from './mapping.core.ts'

const mapping = Type.Optional(ColumnMapping)

/** A batch as one JSON value, as it is checked. Each row is checked by itself when it is placed: a bad one is its own outcome. */
export const JsonBatch = Type.Object({
  rows: Type.Array(Type.Unknown(), { maxItems: rowsMax }), mapping,
}, closed)

/** The same, as the document shows it. */
export const PlacementBatchInput = Type.Object({
  rows: Type.Array(Type.Union([DebtInput, Type.Record(Type.String(), Type.Unknown(), { title: 'ColumnRow', description: 'A row by the names of its columns.' })]), {
    maxItems: rowsMax, description: 'The debts; with a mapping, flat objects whose names are its columns.',
  }),
  mapping,
}, { ...closed, title: 'PlacementBatchInput', examples: [{ rows: [debtExample] }] })
