import { Problem } from '#kernel'
import { InvalidRequest, compileInput, parseJsonText } from '#platform'
import { RowUnreadable, rowOf, rowRefusalOf } from './batch.core.ts'
import type { RowRefusal } from './batch.core.ts'
import { DebtInput } from './input.commands.ts'
import { compileColumns, compileMapping, targetsOf } from './mapping.core.ts'
import type { ColumnMapping } from './mapping.core.ts'

/** How the cells of a batch's rows are read; null for a batch whose rows are placements already. */
export interface FileShape { readonly mapping: ColumnMapping, readonly header: readonly string[] }

/** A row of a part: a debt, or why it is none. `columnAt` tells the column behind a pointer into the debt. */
export interface PartRow {
  readonly earlier: number | null, readonly debt: DebtInput | null, readonly refusal: RowRefusal | null, readonly columnAt: (pointer: string) => string | null
}

/** The fields that a mapping may fill. */
export const debtTargets = targetsOf(DebtInput)

const checkDebt = compileInput(DebtInput)

const noColumn = (): null => null

/** Makes the reader of a part's lines. What is wrong with a row is the row's own refusal: nothing is thrown. */
export function partReader (shape: FileShape | null): (line: string) => PartRow {
  const toDebt = shape === null ? null : compileMapping(shape.mapping, shape.header, debtTargets)
  const columnOf = shape === null ? null : compileColumns(shape.mapping, shape.header)
  return line => {
    const { earlier, content } = rowOf(line)
    const refused = (refusal: RowRefusal): PartRow => ({ earlier, debt: null, refusal, columnAt: noColumn })
    if ('refusal' in content) return refused(content.refusal)
    if ('json' in content) return checked(earlier, parsed(content.json), noColumn)
    const mapped = toDebt!(content.cells)
    if ('errors' in mapped) return refused({ code: RowUnreadable.code, errors: mapped.errors })
    return checked(earlier, mapped, pointer => columnOf!(content.cells, pointer))
  }
}

function parsed (json: string): { readonly value: unknown } | { readonly problem: Problem } {
  try {
    return { value: parseJsonText(json) }
  } catch (error) {
    if (error instanceof Problem) return { problem: error }
    throw error
  }
}

function checked (earlier: number | null, read: { readonly value: unknown } | { readonly problem: Problem }, columnAt: (pointer: string) => string | null): PartRow {
  if ('problem' in read) return { earlier, debt: null, columnAt, refusal: rowRefusalOf(read.problem) }
  const found = checkDebt(read.value)
  return 'value' in found
    ? { earlier, debt: found.value, refusal: null, columnAt }
    : { earlier, debt: null, columnAt, refusal: rowRefusalOf(InvalidRequest({}, found), columnAt) }
}
