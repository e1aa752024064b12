import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { taxOn } from '#kernel'
import { billsOf, sumTaxes } from '../../src/modules/remittances/billing.core.ts'
import { agesOf, noEffect, offsetOf, periodAfter, settle, spread } from '../../src/modules/remittances/core.ts'
import type { Position, Source } from '../../src/modules/remittances/core.ts'
import { csvText } from '../../src/modules/remittances/documents.core.ts'
import { remitBy, remitRuleOf } from '../../src/modules/remittances/law.core.ts'

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }
const nothing: Position = { client: 0, clientDue: 0, agency: 0, clearing: 0, receivable: 0 }

t.test('what a remittance does', async t => {
  const table: [why: string, basis: 'net' | 'gross' | 'combined', now: Partial<Position>, stated: number, billable: number, isTrustShort: boolean, expected: Partial<ReturnType<typeof settle>>][] = [
    ['REMITTANCE_NET and SWEEP', 'net', { client: 320_00, agency: 220_00 }, 320_00, 0, false, { remitted: 320_00, swept: 220_00 }],
    ['OFFSET_DIRECT: 115.20 held, 72.00 owed', 'combined', { client: 115_20, agency: 64_80, receivable: 72_00 }, 115_20, 72_00, false, { offset: 72_00, remitted: 43_20, swept: 136_80 }],
    ['a net agreement keeps nothing for invoices', 'net', { client: 115_20, agency: 64_80, receivable: 72_00 }, 115_20, 72_00, false, { offset: 0, remitted: 115_20, swept: 64_80 }],
    ['an offset is never more than is held', 'combined', { client: 50_00, receivable: 72_00 }, 50_00, 72_00, false, { offset: 50_00, remitted: 0, swept: 50_00 }],
    ['what is on its way stays, and so does the agency\'s share of it', 'net', { client: 320_00, agency: 220_00, clearing: 540_00 }, 320_00, 0, false, { remitted: 0, swept: 0 }],
    ['what came in after the period is not passed on with it', 'net', { client: 500_00 }, 320_00, 0, false, { remitted: 320_00 }],
    ['NSF_AFTER_REMIT: what the lender is short of it owes, and the agency takes nothing', 'net', { client: -320_00, agency: 10_00 }, -320_00, 0, false, { shortfall: 320_00, remitted: 0, swept: 0 }],
    ['what comes in next makes it good first', 'net', { client: 400_00, clientDue: 320_00, agency: 100_00 }, 80_00, 0, false, { netted: 320_00, remitted: 80_00, swept: 100_00 }],
    ['another lender is short: the agency waits', 'net', { client: 80_00, agency: 100_00 }, 80_00, 0, true, { remitted: 80_00, swept: 0 }],
  ]
  for (const [why, basis, now, stated, billable, isTrustShort, expected] of table) t.match(settle({ basis, stated, billable, now: { ...nothing, ...now }, isTrustShort }), expected, why)
})

t.test('an offset by itself takes no more than is open, held, cleared, and not owed to trust', async t => {
  const held: Position = { ...nothing, client: 115_20, receivable: 72_00 }
  const table: [why: string, asked: number | undefined, open: number, basis: 'net' | 'gross' | 'combined', now: Position, expected: number | string][] = [
    ['OFFSET_DIRECT', undefined, 72_00, 'combined', held, 72_00],
    ['part of it', 50_00, 72_00, 'combined', held, 50_00],
    ['as much as is there', undefined, 72_00, 'combined', { ...held, client: 50_00 }, 50_00],
    ['not what is on its way', undefined, 72_00, 'combined', { ...held, clearing: 100_00 }, 15_20],
    ['not what it owes to trust', 72_00, 72_00, 'combined', { ...held, clientDue: 50_00 }, 'offset-exceeds-held'],
    ['nothing is held', undefined, 72_00, 'combined', { ...nothing, receivable: 72_00 }, 'offset-exceeds-held'],
    ['more than is open', 72_01, 72_00, 'combined', held, 'invoice-overpaid'],
    ['nothing is open', undefined, 0, 'combined', held, 'invoice-overpaid'],
    ['a net agreement keeps nothing for invoices', undefined, 72_00, 'net', held, 'offset-not-agreed'],
    ['a gross one neither', undefined, 72_00, 'gross', held, 'offset-not-agreed'],
  ]
  for (const [why, asked, open, basis, now, expected] of table) {
    if (typeof expected === 'number') t.equal(offsetOf({ open, asked, basis, now }), expected, why)
    else t.throws(() => offsetOf({ open, asked, basis, now }), { code: expected }, why)
  }
})

const sum = fc.integer({ min: 0, max: 10 ** 12 })
t.test('invariants 36, 37, 39: no lender is ever in debit, no uncleared money moves, the agency is never paid what is not there', async () => {
  const position = fc.record({ client: fc.integer({ min: -(10 ** 9), max: 10 ** 12 }), clientDue: sum, agency: fc.integer({ min: -(10 ** 9), max: 10 ** 12 }), clearing: sum, receivable: fc.integer({ min: -(10 ** 9), max: 10 ** 12 }) })
  fc.assert(fc.property(fc.constantFrom('net' as const, 'gross' as const, 'combined' as const), fc.integer({ min: -(10 ** 9), max: 10 ** 12 }), sum, position, fc.boolean(), (basis, stated, billable, now, isTrustShort) => {
    const done = settle({ basis, stated, billable, now, isTrustShort })
    for (const amount of Object.values(done)) assert(amount >= 0)
    const { shortfall, netted: made, offset: kept, remitted: sent, swept: out } = done
    const client = now.client + shortfall - made - kept - sent
    assert(client >= 0)
    assert(now.clientDue + shortfall - made >= 0)
    // What left trust was at the bank: at least as much stays with its owners as is still on its way, or nothing left.
    assert(sent + kept + made === 0 || client >= Math.min(now.clearing, now.client))
    assert(sent + kept <= Math.max(0, stated))
    assert(out <= Math.max(0, now.agency + kept))
    assert(out === 0 || (!isTrustShort && now.clientDue + shortfall === made))
    assert(basis === 'combined' || kept === 0)
  }), runs)
})

const earned = (entryId: string, commission: number, vatRate: string, correctsInvoiceId: string | null = null): Source => ({
  ...noEffect, entryId: entryId as Source['entryId'], kind: commission < 0 ? 'clawback' : 'commission', sourceId: entryId, accountId: null, lenderReference: null, effectiveOn: '2026-01-05', correctsEntryId: null,
  correctsInvoiceId: correctsInvoiceId as Source['correctsInvoiceId'], commission, vat: taxOn(commission, vatRate), vatRate, held: -(commission + taxOn(commission, vatRate)),
})

t.test('VAT is computed once on a document, and what differs from its lines is said', async t => {
  // 0.33 three times: 20 % is 0.066, so 0.07 each, 0.21; of 0.99 together it is 0.198, so 0.20.
  const [bill] = billsOf([earned('a', 33, '0.2'), earned('b', 33, '0.2'), earned('c', 33, '0.2')], new Map())
  t.match(bill, { kind: 'invoice', commission: 99, vat: 20, difference: -1, withheld: 120, billed: 0, taxes: [{ rate: '0.2', base: 99, vat: 20 }] })
  t.same(billsOf([earned('a', 33, '0.2'), earned('b', -33, '0.2')], new Map()), [], 'earned and given back in one period: nothing to bill')
  t.match(billsOf([earned('a', 100, '0.2'), earned('b', 100, '0.06')], new Map())[0]?.taxes, [{ rate: '0.06', base: 100, vat: 6 }, { rate: '0.2', base: 100, vat: 20 }], 'each rate for itself')
})

t.test('invariant 31: however an invoice is credited, the VAT of its credit notes comes to the VAT it billed', async () => {
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 12 }), fc.constantFrom('0.2', '0.06', '1/3', '0.19'), fc.nat(), (parts, rate, seed) => {
    const [invoice] = billsOf(parts.map((part, i) => earned(`e${i}`, part, rate)), new Map())
    let standing = invoice!.taxes
    let vat = 0
    const cut = seed % parts.length
    for (const group of [parts.slice(0, cut), parts.slice(cut)].filter(group => group.length > 0)) {
      const [note] = billsOf(group.map((part, i) => earned(`c${i}`, -part, rate, 'inv_1')), new Map([['inv_1' as never, standing]]))
      assert.equal(note!.kind, 'creditNote')
      vat += note!.vat
      standing = sumTaxes([...standing, ...note!.taxes])
    }
    assert.equal(vat + invoice!.vat, 0)
    assert.deepEqual(standing.map(({ base, vat: left }) => [base, left]), [[0, 0]])
  }), runs)
})

t.test('invariant 41: all that is held has an age, the oldest money first out', async t => {
  const inflows = [{ on: '2026-01-20', amount: 50 }, { on: '2026-01-12', amount: -30 }, { on: '2026-01-10', amount: 100 }, { on: '2026-01-05', amount: 200 }]
  t.same(agesOf(120, inflows), [{ since: '2026-01-10', amount: 70 }, { since: '2026-01-20', amount: 50 }])
  t.same(agesOf(0, inflows), [])
  fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 10 ** 9 }), { maxLength: 20 }), fc.double({ min: 0, max: 1, noNaN: true }), (amounts, share) => {
    const held = Math.floor(amounts.reduce((a, b) => a + b, 0) * share)
    assert.equal(agesOf(held, amounts.map((amount, i) => ({ on: `2026-01-${String(28 - i).padStart(2, '0')}`, amount }))).reduce((total, { amount }) => total + amount, 0), held)
  }), runs)
})

t.test('deadlines of the law, where one is known', async t => {
  // RCW 19.16.210: within thirty days after the close of the calendar month. Collected in January: 31 January and thirty days are 2 March.
  t.equal(remitBy(remitRuleOf('US-WA')!, '2026-01-05'), '2026-03-02')
  t.equal(remitBy(remitRuleOf('US-WA')!, '2026-01-31'), '2026-03-02')
  t.equal(remitRuleOf('CN'), null, 'none is claimed where none is known')
})

t.test('periods end with the day, with Sunday, with the month', async t => {
  t.equal(periodAfter('daily', '2026-02-28'), '2026-03-01')
  t.equal(periodAfter('weekly', '2026-01-05'), '2026-01-12', 'a Monday')
  t.equal(periodAfter('weekly', '2026-01-11'), '2026-01-12', 'a Sunday')
  t.equal(periodAfter('monthly', '2025-12-31'), '2026-01-01')
})

t.test('a settlement goes to what is open, oldest first', async t => {
  t.same(spread(80, [{ open: 50 }, { open: 0 }, { open: 50 }]).map(({ amount }) => amount), [50, 30])
})

t.test('CSV that a spreadsheet cannot run, and every parser reads', async t => {
  t.equal(csvText([['a', 'b,c', 'say "so"'], ['=1+1', '-12.50', '@x']]), 'a,"b,c","say ""so"""\r\n\'=1+1,-12.50,\'@x\r\n')
})
