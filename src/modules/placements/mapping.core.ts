import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { OneOf, closed, isCurrency, isDay, parseMinor, problem } from '#kernel'
import type { Violation } from '#kernel'

/** The mapping names columns, targets or readings that do not fit the file or one another. */
export const MappingRefused = problem('mapping-refused', 422, 'The column mapping does not fit the file.',
  'Correct what `errors` points to: columns are named as in the first line of the file, targets as in a placement.')

/** Day formats of a file: what each looks like, with its year, month and day. */
const dayPatterns = {
  'YYYY-MM-DD': /^(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})$/,
  YYYYMMDD: /^(?<y>\d{4})(?<m>\d{2})(?<d>\d{2})$/,
  'M/D/YYYY': /^(?<m>\d{1,2})\/(?<d>\d{1,2})\/(?<y>\d{4})$/,
  'D/M/YYYY': /^(?<d>\d{1,2})\/(?<m>\d{1,2})\/(?<y>\d{4})$/,
  'D.M.YYYY': /^(?<d>\d{1,2})\.(?<m>\d{1,2})\.(?<y>\d{4})$/,
}

/** Separators of an amount, each with the characters that files write for it. */
const separators = { ',': ',', '.': '\\.', ' ': '[ \\u00a0\\u202f]', "'": "['\\u2019]" }

const Value = Type.Union([Type.String({ maxLength: 500 }), Type.Integer(), Type.Boolean()], { description: 'A text, a whole number (money in minor units), or true or false.' })

const Constant = Type.Object({ constant: Value }, closed)

const Column = Type.Object({
  column: Type.String({ minLength: 1, maxLength: 200, description: 'The name of the column in the first line of the file.' }),
  as: Type.Optional(OneOf(['text', 'lowercase', 'integer', 'decimal', 'date'],
    'How a cell is read: `text` (when absent) and `lowercase` without outer spaces, `decimal` into minor units of the currency of the row.')),
  format: Type.Optional(OneOf(['YYYY-MM-DD', 'YYYYMMDD', 'M/D/YYYY', 'D/M/YYYY', 'D.M.YYYY'], 'How a `date` is written; `YYYY-MM-DD` when absent.')),
  point: Type.Optional(OneOf(['.', ','], 'What stands before the fraction of a `decimal`; `.` when absent.')),
  thousands: Type.Optional(OneOf([',', '.', ' ', "'"], 'What may stand between groups of three digits of a `decimal`; nothing when absent.')),
  values: Type.Optional(Type.Record(Type.String({ maxLength: 200 }), Value, {
    ...closed, maxProperties: 500, description: 'What a text stands for. A text that is not listed is refused; an empty cell counts only if `""` is listed.',
  })),
}, closed)

/** A mapping as examples show it. */
export const mappingExample = {
  lenderReference: { column: 'invoiceNumber' }, currency: { constant: 'USD' },
  'balance.principal': { column: 'InvoiceAmount', as: 'decimal' as const, thousands: ',' as const }, dueOn: { column: 'DueDate', as: 'date' as const, format: 'M/D/YYYY' as const },
}

/** How the columns of a file become a placement: by target (a dotted path such as `balance.principal`), a constant or a column. */
export const ColumnMapping = Type.Record(Type.String({ pattern: '^[A-Za-z0-9]{1,40}(\\.[A-Za-z0-9]{1,40}){0,7}$' }), Type.Union([Constant, Column]), {
  ...closed, minProperties: 1, maxProperties: 200, title: 'ColumnMapping',
  description: 'For each field of a placement, where its value comes from. Empty cells are left out, and so is an object or list element all of whose columns are empty.',
  examples: [mappingExample],
})

export type ColumnMapping = Static<typeof ColumnMapping>
type Column = Static<typeof Column>
type Value = Static<typeof Value>

/** What is wrong with a row: the field it would have filled, and the column at fault (null for the row as a whole). */
export interface RowError { readonly pointer: string, readonly column: string | null, readonly message: string }

/** A row as a placement (not yet validated against its schema), or everything that could not be read. */
export type MappedRow = { readonly value: Record<string, unknown> } | { readonly errors: readonly RowError[] }

/** A row while it is read. `currency` is null if the row does not tell a known one. Read as a trace, it yields the columns themselves. */
interface Reading { readonly record: readonly string[], readonly currency: string | null, readonly errors: RowError[], readonly isTrace: boolean }

interface Unreadable { readonly message: string }
type Parse = (cell: string, currency: string | null) => Value | Unreadable
type Read = (reading: Reading) => Value | undefined

/** An object or a list to be filled; `columns` are the indexes of all columns inside. */
interface Group { readonly columns: number[], readonly members: Map<string, Group | Read> }

/** The fields of an input that a mapping may fill, as dotted paths; `*` stands for the index of a list's element. */
export function targetsOf (schema: TSchema, path = ''): Set<string> {
  const inside = (name: string): string => path === '' ? name : `${path}.${name}`
  if (Type.IsObject(schema)) return new Set(Object.entries(schema.properties).flatMap(([name, member]) => [...targetsOf(member, inside(name))]))
  if (Type.IsArray(schema)) return targetsOf(schema.items, inside('*'))
  if (Type.IsUnion(schema)) return new Set(schema.anyOf.flatMap(member => [...targetsOf(member, path)]))
  return new Set(Type.IsNull(schema) ? [] : [path])
}

/**
 * Makes a mapping ready for the rows of a file with this header line. Throws `MappingRefused`, naming every fault, on unknown columns
 * and targets, columns named twice in the file, readings that do not fit, and decimals without a currency.
 */
export function compileMapping (mapping: ColumnMapping, header: readonly string[], targets: ReadonlySet<string>): (record: readonly string[]) => MappedRow {
  const columns = header.map(name => name.trim())
  const violations = Object.keys(mapping).flatMap(target => faultsOf(mapping, target, columns, targets))
  if (violations.length > 0) throw MappingRefused({}, { violations })

  const root = treeOf(mapping, columns)
  const currencyOf = root.members.get('currency')
  return record => {
    if (record.length !== columns.length) {
      return { errors: [{ pointer: '', column: null, message: `The row has ${record.length} cells, the first line of the file has ${columns.length}.` }] }
    }
    const errors: RowError[] = []
    // Read once for the amounts, with its errors dropped, and again as a field of the row.
    const currency = typeof currencyOf === 'function' ? currencyOf({ record, currency: null, errors: [], isTrace: false }) : null
    const value = objectOf(root, { record, errors, isTrace: false, currency: typeof currency === 'string' && isCurrency(currency) ? currency : null })
    return errors.length > 0 ? { errors } : { value }
  }
}

/**
 * Makes the way back: the column behind a pointer into a placement that a row became, or null for constants and whole objects. A mapping
 * that `compileMapping` has accepted for this header is taken for granted.
 */
export function compileColumns (mapping: ColumnMapping, header: readonly string[]): (record: readonly string[], pointer: string) => string | null {
  const root = treeOf(mapping, header.map(name => name.trim()))
  return (record, pointer) => {
    const path = pointer.split('/').slice(1)
    const traced = objectOf(root, { record, errors: [], currency: null, isTrace: true })
    const found = path.reduce<unknown>((value, name) => new Map(Object.entries(value ?? {})).get(name), traced)
    if (typeof found === 'string') return found
    // What the row leaves out has left no trace, but the mapping knows where it would have come from.
    const source = mapping[path.join('.')]
    return source !== undefined && 'column' in source ? source.column : null
  }
}

/** The readers of a mapping, hung where their values belong. */
function treeOf (mapping: ColumnMapping, columns: readonly string[]): Group {
  const root: Group = { columns: [], members: new Map() }
  // In the order of their names, so that the elements of a list come in the order of their indexes.
  for (const [target, source] of Object.entries(mapping).sort(([a], [b]) => a < b ? -1 : 1)) {
    const pointer = `/${target.replaceAll('.', '/')}`
    if ('constant' in source) place(root, target, [], ({ isTrace }) => isTrace ? undefined : source.constant)
    else {
      const index = columns.indexOf(source.column)
      place(root, target, [index], readerOf(source, index, pointer))
    }
  }
  return root
}

/** What is wrong with one target of a mapping. */
function faultsOf (mapping: ColumnMapping, target: string, columns: readonly string[], targets: ReadonlySet<string>): Violation[] {
  const faults: Violation[] = []
  const fault = (field: string, message: string): void => { faults.push({ pointer: `/${target}${field}`, message }) }
  const segments = target.split('.')
  if (!targets.has(segments.map(name => isIndex(name) ? '*' : name).join('.'))) fault('', 'A placement has no such field.')
  for (const [i, name] of segments.entries()) {
    const before = [...segments.slice(0, i), String(Number(name) - 1), ''].join('.')
    if (isIndex(name) && name !== '0' && !Object.keys(mapping).some(other => `${other}.`.startsWith(before))) fault('', `Element ${Number(name) - 1} of this list is not mapped.`)
  }
  const source = mapping[target]
  if (source === undefined) return faults
  if ('constant' in source) {
    if (target === 'currency' && !isCurrency(String(source.constant))) fault('/constant', 'This is not a currency of ISO 4217.')
    return faults
  }
  const { column, as = 'text', format, point = '.', thousands, values } = source
  const found = columns.filter(name => name === column).length
  if (found !== 1) fault('/column', found === 0 ? 'The file has no such column.' : 'The file has this column more than once.')
  if (format !== undefined && as !== 'date') fault('/format', 'Only a `date` has a format.')
  if (thousands !== undefined && (as !== 'decimal' || thousands === point)) fault('/thousands', 'Only a `decimal` has a thousands separator, and it differs from its point.')
  if (source.point !== undefined && as !== 'decimal') fault('/point', 'Only a `decimal` has a point.')
  if (values !== undefined && as !== 'text' && as !== 'lowercase') fault('/values', 'Only texts are looked up.')
  if (as === 'decimal' && mapping['currency'] === undefined) fault('/as', 'A `decimal` needs `currency` to be mapped.')
  return faults
}

/** A list is filled up to its tenth element. */
const isIndex = (name: string): boolean => /^[0-9]$/.test(name)

/** Hangs a reader into the tree at its target, and its columns on every group on the way. */
function place (root: Group, target: string, columns: readonly number[], read: Read): void {
  const path = target.split('.')
  let group = root
  for (const name of path.slice(0, -1)) {
    const known = group.members.get(name)
    const inner: Group = typeof known === 'object' ? known : { columns: [], members: new Map() }
    inner.columns.push(...columns)
    group.members.set(name, inner)
    group = inner
  }
  group.members.set(path.slice(-1).join(), read)
}

function objectOf (group: Group, reading: Reading): Record<string, unknown> {
  const object: Record<string, unknown> = {}
  for (const [name, member] of group.members) {
    const value = memberOf(member, reading)
    if (value !== undefined) object[name] = value
  }
  return object
}

/** The value of a member, or undefined if the row leaves it out: nothing is made of constants alone where all columns are empty. */
function memberOf (member: Group | Read, reading: Reading): unknown {
  if (typeof member === 'function') return member(reading)
  if (member.columns.length > 0 && member.columns.every(index => reading.record[index]?.trim() === '')) return undefined
  if (!member.members.has('0')) return objectOf(member, reading)
  return [...member.members.values()].map(element => memberOf(element, reading)).filter(value => value !== undefined)
}

function readerOf (source: Column, index: number, pointer: string): Read {
  const parse = parserOf(source)
  const readsEmpty = source.values !== undefined && Object.hasOwn(source.values, '')
  return ({ record, currency, errors, isTrace }) => {
    const cell = record[index]?.trim() ?? ''
    if (cell === '' && !readsEmpty) return undefined
    if (isTrace) return source.column
    const value = parse(cell, currency)
    if (typeof value !== 'object') return value
    errors.push({ pointer, column: source.column, message: value.message })
    return undefined
  }
}

function parserOf ({ as = 'text', format = 'YYYY-MM-DD', point = '.', thousands, values }: Column): Parse {
  if (as === 'integer') return integer
  if (as === 'date') return dayParser(format)
  if (as === 'decimal') return decimalParser(point, thousands)
  const fold = (cell: string): string => as === 'lowercase' ? cell.toLowerCase() : cell
  if (values === undefined) return cell => text(fold(cell))
  const meanings = new Map(Object.entries(values))
  return cell => meanings.get(fold(cell)) ?? { message: 'The mapping does not list this value.' }
}

// Postgres cannot store NUL, and a file, unlike a JSON body, is not searched for it beforehand.
const text = (cell: string): Value | Unreadable => cell.includes('\0') ? { message: 'The cell holds a NUL character.' } : cell

// Fifteen digits are always exact.
const integer = (cell: string): Value | Unreadable => /^-?\d{1,15}$/.test(cell) ? Number(cell) + 0 : { message: 'This is not a whole number.' }

function dayParser (format: keyof typeof dayPatterns): Parse {
  const unreadable = { message: `This is not a day written ${format}.` }
  return cell => {
    const { y = '', m = '', d = '' } = dayPatterns[format].exec(cell)?.groups ?? {}
    const day = `${y}-${m.padStart(2, '0')}-${d.padStart(2, '0')}`
    return isDay(day) ? day : unreadable
  }
}

/** Reads amounts exactly, digit by digit. Groups must be of three: `1,5` is never read as 15. */
function decimalParser (point: '.' | ',', thousands: keyof typeof separators | undefined): Parse {
  const whole = thousands === undefined ? '\\d+' : `(?:\\d{1,3}(?:${separators[thousands]}\\d{3})+|\\d+)`
  const written = new RegExp(`^(-?${whole})(?:${separators[point]}(\\d+))?$`)
  return (cell, currency) => {
    if (currency === null) return { message: 'The currency of the row is missing or unknown.' }
    const [, digits, fraction = '0'] = written.exec(cell) ?? []
    if (digits === undefined) return { message: 'This is not an amount as the mapping describes it.' }
    try {
      return parseMinor(`${digits.replace(/[^-\d]/g, '')}.${fraction}`, currency)
    } catch (error) {
      if (error instanceof RangeError) return { message: `This amount cannot be held exactly: ${error.message}.` }
      throw error
    }
  }
}
