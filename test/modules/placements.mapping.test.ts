import fc from 'fast-check'
import t from 'tap'
import { Type } from 'typebox'
import { Amount, Balance, Currency, Day, Nullable, OneOf, Problem, formatMinor, minor } from '#kernel'
import { compileMapping, targetsOf } from '../../src/modules/placements/mapping.core.ts'
import type { MappedRow , ColumnMapping} from '../../src/modules/placements/mapping.core.ts'

const Input = Type.Object({
  lenderReference: Type.String(), currency: Currency, dueOn: Day, chargedOffOn: Type.Optional(Nullable(Day)), instalmentCount: Type.Integer(), isDisputed: Type.Boolean(),
  balance: Type.Object({ principal: Amount, interest: Balance }),
  party: Nullable(Type.Object({ name: Type.String(), kind: OneOf(['person', 'company'], 'Kind.') })),
  contactPoints: Type.Optional(Type.Array(Type.Object({ channel: Type.String(), value: Type.String() }))),
})
const targets = targetsOf(Input)

/** One row of a file with one column `x`, mapped to `target`. */
function read (cell: string, target: string, reading: object = {}, currency = 'USD'): unknown {
  const row = compileMapping({ currency: { constant: currency }, [target]: { column: 'x', ...reading } }, ['x'], targets)([cell])
  return 'errors' in row ? row.errors.map(error => error.message).join(' ') : at(row, target)
}

const at = (row: MappedRow, target: string): unknown => target.split('.').reduce<unknown>((value, name) => new Map(Object.entries(value ?? {})).get(name), 'value' in row ? row.value : {})

/** What a mapping is refused for, as pairs of pointer and message. */
function faultsOf (mapping: ColumnMapping, header: string[]): string[] {
  try {
    compileMapping(mapping, header, targets)
  } catch (error) {
    if (error instanceof Problem && error.code === 'mapping-refused') return error.refusal.violations?.map(({ pointer, message }) => `${pointer} ${message}`) ?? []
    throw error
  }
  return []
}

t.test('the targets of an input are its leaves, so that a mapping cannot fill what a placement does not have', async t => {
  t.same([...targets], ['lenderReference', 'currency', 'dueOn', 'chargedOffOn', 'instalmentCount', 'isDisputed', 'balance.principal', 'balance.interest',
    'party.name', 'party.kind', 'contactPoints.*.channel', 'contactPoints.*.value'])
})

t.test('a row of a real invoice file becomes a nested placement', async t => {
  const header = ['countryCode', 'customerID', 'invoiceNumber', 'DueDate', 'InvoiceAmount', 'Disputed', 'Phone', 'Mail']
  const toPlacement = compileMapping({
    lenderReference: { column: 'invoiceNumber' }, currency: { constant: 'USD' },
    'balance.principal': { column: 'InvoiceAmount', as: 'decimal' }, dueOn: { column: 'DueDate', as: 'date', format: 'M/D/YYYY' },
    isDisputed: { column: 'Disputed', as: 'lowercase', values: { yes: true, no: false } },
    'party.name': { column: 'customerID' }, 'party.kind': { constant: 'company' },
    'contactPoints.1.value': { column: 'Mail', as: 'lowercase' }, 'contactPoints.1.channel': { constant: 'email' },
    'contactPoints.0.value': { column: 'Phone' }, 'contactPoints.0.channel': { constant: 'phone' },
  }, header, targets)

  t.same(toPlacement(['391', '0379-NEVHP', '611365', '2/1/2013', '55.94', 'No', '+15550100', ' Me@Example.com ']), {
    value: {
      lenderReference: '611365', currency: 'USD', balance: { principal: 55_94 }, dueOn: '2013-02-01', isDisputed: false, party: { name: '0379-NEVHP', kind: 'company' },
      contactPoints: [{ channel: 'phone', value: '+15550100' }, { channel: 'email', value: 'me@example.com' }],
    },
  })
  t.same(toPlacement(['391', ' ', '611365', '2/1/2013', '', 'YES', '', 'me@example.com']), {
    value: { lenderReference: '611365', currency: 'USD', dueOn: '2013-02-01', isDisputed: true, contactPoints: [{ channel: 'email', value: 'me@example.com' }] },
  }, 'what has only empty columns is left out, constants and all')
  t.same(toPlacement(['391', 'x', '611365', '2/30/2013', '5,594', 'maybe', '', '']), {
    errors: [
      { pointer: '/balance/principal', column: 'InvoiceAmount', message: 'This is not an amount as the mapping describes it.' },
      { pointer: '/dueOn', column: 'DueDate', message: 'This is not a day written M/D/YYYY.' },
      { pointer: '/isDisputed', column: 'Disputed', message: 'The mapping does not list this value.' },
    ],
  }, 'all errors of a row are told at once')
  t.same(toPlacement(['391', 'x']), { errors: [{ pointer: '', column: null, message: 'The row has 2 cells, the first line of the file has 8.' }] })
})

t.test('amounts are read exactly into minor units of the row, never as floats', async t => {
  fc.assert(fc.property(fc.maxSafeInteger(), fc.constantFrom('USD', 'JPY', 'KWD', 'CLF'), (amount, currency) => {
    const text = formatMinor(minor(amount), currency)
    t.equal(read(text, 'balance.principal', { as: 'decimal' }, currency), minor(amount))
    const [whole = '', fraction] = text.split('.')
    const grouped = whole.replace(/(?<=\d)(?=(\d{3})+$)/g, '.') + (fraction === undefined ? '' : `,${fraction}`)
    t.equal(read(grouped, 'balance.principal', { as: 'decimal', thousands: '.', point: ',' }, currency), minor(amount), grouped)
  }))
  const unreadable = 'This is not an amount as the mapping describes it.'
  const expected: [cell: string, reading: object, value: unknown][] = [
    ['0.29', {}, 29], ['-0.01', {}, -1], ['-0', {}, 0], ['7', {}, 700], ['7.5', {}, 750], ['7.500', {}, 750],
    ['1,234.50', { thousands: ',' }, 123_450], ['1234.50', { thousands: ',' }, 123_450], ['1 234,50', { thousands: ' ', point: ',' }, 123_450],
    ['1\u00a0234\u202f567', { thousands: ' ' }, 123_456_700], ['1\u2019234.50', { thousands: "'" }, 123_450],
    ['1,5', { thousands: ',' }, unreadable], ['1,2345', { thousands: ',' }, unreadable], ['12,34,567', { thousands: ',' }, unreadable], ['1234,567', { thousands: ',' }, unreadable],
    ['1,234.50', {}, unreadable], ['1.', {}, unreadable], ['.5', {}, unreadable], ['+5', {}, unreadable], ['$5', {}, unreadable], ['1e3', {}, unreadable], ['NaN', {}, unreadable], ['0x10', {}, unreadable],
    ['0.001', {}, 'This amount cannot be held exactly: USD has 2 digits after the point.'],
    ['90071992547409.92', {}, 'This amount cannot be held exactly: not an amount in minor units.'],
    ['', {}, undefined],
  ]
  for (const [cell, reading, value] of expected) t.equal(read(cell, 'balance.principal', { as: 'decimal', ...reading }), value, cell)
})

t.test('an amount is counted in the currency of its own row', async t => {
  const toRow = compileMapping({ currency: { column: 'ccy', values: { $: 'USD', JPY: 'JPY', odd: 'XXA' } }, 'balance.principal': { column: 'due', as: 'decimal' } }, ['ccy', 'due'], targets)
  t.same(toRow(['$', '12']), { value: { currency: 'USD', balance: { principal: 1200 } } })
  t.same(toRow(['JPY', '12']), { value: { currency: 'JPY', balance: { principal: 12 } } })
  t.same(toRow(['', '']), { value: {} })
  const unknown = { pointer: '/balance/principal', column: 'due', message: 'The currency of the row is missing or unknown.' }
  for (const currency of ['', 'odd']) t.same(toRow([currency, '12']), { errors: [unknown] })
  t.same(toRow(['€', '12']), { errors: [unknown, { pointer: '/currency', column: 'ccy', message: 'The mapping does not list this value.' }] })
})

t.test('days are read in the format that the mapping says, and only if they exist', async t => {
  const expected: [format: string, cell: string, day: string | null][] = [
    ['YYYY-MM-DD', '2024-02-29', '2024-02-29'], ['YYYY-MM-DD', '2023-02-29', null], ['YYYY-MM-DD', '2024-2-9', null],
    ['YYYYMMDD', '20240229', '2024-02-29'], ['YYYYMMDD', '20241301', null],
    ['M/D/YYYY', '2/9/2024', '2024-02-09'], ['M/D/YYYY', '02/09/2024', '2024-02-09'], ['M/D/YYYY', '13/1/2024', null], ['M/D/YYYY', '2/9/24', null],
    ['D/M/YYYY', '13/1/2024', '2024-01-13'], ['D.M.YYYY', '9.2.2024', '2024-02-09'], ['D.M.YYYY', '31.4.2024', null], ['D.M.YYYY', '9/2/2024', null],
    ['M/D/YYYY', '0/0/0000', null],
  ]
  for (const [format, cell, day] of expected) t.equal(read(cell, 'dueOn', { as: 'date', format }), day ?? `This is not a day written ${format}.`, `${format} ${cell}`)
  t.equal(read('2024-02-29', 'dueOn', { as: 'date' }), '2024-02-29')
})

t.test('texts and whole numbers', async t => {
  t.equal(read('  Jane Public ', 'party.name'), 'Jane Public')
  t.equal(read('ÄB', 'party.name', { as: 'lowercase' }), 'äb')
  t.equal(read('a\0b', 'party.name'), 'The cell holds a NUL character.')
  t.equal(read('', 'party.kind', { values: { '': 'person' } }), undefined, 'a group of empty columns is left out before its values are looked up')
  t.equal(read('', 'isDisputed', { values: { '': false, x: true } }), false)
  t.equal(read('constructor', 'party.kind', { values: { c: 'company' } }), 'The mapping does not list this value.')
  t.equal(read('-12', 'instalmentCount', { as: 'integer' }), -12)
  t.equal(Object.is(read('-0', 'instalmentCount', { as: 'integer' }), 0), true)
  for (const cell of ['1.0', '1e3', '0x1', '9007199254740993', 'one']) t.equal(read(cell, 'instalmentCount', { as: 'integer' }), 'This is not a whole number.', cell)
})

t.test('a mapping that does not fit is refused before the first row, with all its faults', async t => {
  const currency = { constant: 'USD' }
  const expected: [mapping: ColumnMapping, faults: string[]][] = [
    [{ lenderReference: { column: 'B' } }, []],
    [{ lenderReference: { column: 'nope' } }, ['/lenderReference/column The file has no such column.']],
    [{ lenderReference: { column: 'a' } }, ['/lenderReference/column The file has this column more than once.']],
    [{ party: { column: 'B' } }, ['/party A placement has no such field.']],
    [{ 'party.age': { constant: 1 }, 'balance.0': { constant: 1 } }, ['/party.age A placement has no such field.', '/balance.0 A placement has no such field.']],
    [{ constructor: { column: 'B' } }, ['/constructor A placement has no such field.']],
    [{ 'contactPoints.1.value': { column: 'B' } }, ['/contactPoints.1.value Element 0 of this list is not mapped.']],
    [{ dueOn: { column: 'B', format: 'YYYYMMDD' } }, ['/dueOn/format Only a `date` has a format.']],
    [{ currency: { constant: 'usd' } }, ['/currency/constant This is not a currency of ISO 4217.']],
    [{ 'balance.principal': { column: 'B', as: 'decimal' } }, ['/balance.principal/as A `decimal` needs `currency` to be mapped.']],
    [{ currency, 'balance.principal': { column: 'B', as: 'decimal', thousands: '.' } }, ['/balance.principal/thousands Only a `decimal` has a thousands separator, and it differs from its point.']],
    [{ currency, 'party.name': { column: 'B', thousands: ',', point: '.' } }, ['/party.name/thousands Only a `decimal` has a thousands separator, and it differs from its point.', '/party.name/point Only a `decimal` has a point.']],
    [{ dueOn: { column: 'B', as: 'date', values: {} } }, ['/dueOn/values Only texts are looked up.']],
  ]
  for (const [mapping, faults] of expected) t.same(faultsOf(mapping, ['a', ' B ', 'a']), faults, JSON.stringify(mapping))
})
