import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { noBuckets } from '#kernel'
import type { Buckets } from '#kernel'
import { checkEntry, movedBy, negated } from '../../src/modules/ledger/core.ts'
import type { LedgerAccount, Line } from '../../src/modules/ledger/core.ts'
import * as movements from '../../src/modules/ledger/movements.core.ts'
import { life } from './ledger.rows.ts'

interface Published { event: string, lines: { account: string, debit: number, credit: number }[], claim_owed_after: number, trust_cash_after: number, client_payable_after: number }

// The table is not part of this project: it stands beside it, or where the variable says. Ours has the same events in our words.
const path = join(process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'money/postings.json')

const parts = (given: Partial<Buckets>): Buckets => ({ ...noBuckets, ...given })

const first = movements.paidToAgency(parts({ costs: 40_00, penalty: 50_00, interest: 30_00, principal: 420_00 }), 0, 'T.UNAPPLIED')
const second = movements.paidToAgency(parts({ principal: 180_00 }), 0, 'T.BANK')
const firstEarned = movements.commissionEarned({ commission: 150_00, vat: 30_00 }, 180_00)
const secondEarned = movements.commissionEarned({ commission: 54_00, vat: 10_80 }, 64_80)
const recovered = movements.costsRecovered(40_00)

/** What is stored of the first payment when it comes back: taken in, identified, cleared. */
const firstStored = [...movements.receivedUnidentified(540_00, 'T.CLEARING'), ...first, ...movements.cleared(540_00)]

/** Every event of a debt's whole life, made by the functions that say what an event moves. */
const events: Record<string, readonly Line[]> = {
  PLACEMENT: movements.placed(parts({ principal: 1_000_00 })),
  LATE_FEE: movements.charged('lateFee', 50_00),
  ACCRUAL: movements.charged('interest', 30_00),
  COST_ADVANCE: movements.costsAdvanced(40_00),
  PAY_AGENCY_RECEIVED: movements.receivedUnidentified(540_00, 'T.CLEARING'),
  PAY_AGENCY_ALLOCATED: first,
  PAY_CLEARED: movements.cleared(540_00),
  COST_RECOVERY: recovered,
  COMMISSION_NET: firstEarned,
  REMITTANCE_NET: movements.remitted(320_00),
  SWEEP: movements.swept(220_00),
  PAY_DIRECT: movements.paidToLender(parts({ principal: 200_00 })),
  COMMISSION_INVOICE: movements.commissionEarned({ commission: 60_00, vat: 12_00 }, 0),
  PAY_AGENCY_2: second,
  COMMISSION_NET_2: secondEarned,
  OFFSET_DIRECT: movements.offset(72_00),
  NSF_BEFORE_REMIT: negated([...second, ...secondEarned]),
  OFFSET_UNWIND: movements.offsetUnwound(72_00),
  NSF_FEE: movements.feeCharged(25_00),
  NSF_AFTER_REMIT: movements.undoneAfterRemittance(firstStored),
  CLAWBACK: movements.undoneAfterRemittance([...firstEarned, ...recovered]),
  CURE_AGENCY: movements.curedByAgency(220_00),
  CURE_CLIENT: movements.curedByLender(320_00),
  SETTLEMENT_PAY: movements.paidToAgency(parts({ costs: 40_00, penalty: 75_00, interest: 30_00, principal: 455_00 }), 0, 'T.BANK'),
  SETTLEMENT_DISCOUNT: movements.discounted(parts({ principal: 245_00 })),
  OVERPAYMENT: movements.overpaid(10_00, 'T.BANK'),
  REFUND: movements.refunded(10_00),
  WRITE_OFF: movements.writtenOff(parts({ principal: 60_00 })),
  RECALL: movements.recalled(parts({ principal: 40_00 })),
  REMITTANCE_GROSS: movements.remitted(600_00),
  COMMISSION_INVOICE_GROSS: [...movements.commissionEarned({ commission: 168_00, vat: 33_60 }, 0), ...movements.costsInvoiced(40_00)],
  CLIENT_PAYS_INVOICES: movements.clientPaidInvoices(313_60),
}

/** What lines leave on each ledger account, debits less credits; accounts they leave where they were are not among them. */
function nets (lines: readonly Line[]): Record<string, number> {
  const accounts = [...new Set(lines.flatMap(({ debit, credit }) => [debit, credit]))].sort()
  return Object.fromEntries(accounts.map((account): [string, number] => [account, movements.netOn(account, lines)]).filter(([, net]) => net !== 0))
}

const publishedNets = (lines: Published['lines']): Record<string, number> => {
  const net = new Map<string, number>()
  for (const { account, debit, credit } of lines) {
    const name = account.replace(/\[.\]$/, '')
    net.set(name, (net.get(name) ?? 0) + debit - credit)
  }
  return Object.fromEntries([...net].filter(([, amount]) => amount !== 0).sort(([a], [b]) => a < b ? -1 : 1))
}

const figures = (lines: readonly Line[]) => ({
  owed: Object.values(movedBy(lines)).reduce((sum, amount) => sum + amount, 0),
  trustCash: movements.netOn('T.BANK', lines) + movements.netOn('T.CLEARING', lines),
  // A zero has no sign on paper.
  lenderDue: 0 - movements.netOn('T.CLIENT', lines),
})

const camel = (event: string): string => event.toLowerCase().replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())

t.test('every event moves just the accounts the table of events says, and leaves the figures it says', async t => {
  const rows = new Map(life.map(row => [row[0], row]))
  t.equal(Object.keys(events).length, life.length, 'there is a function for each event')
  const all: Line[] = []
  for (const [event, lines] of Object.entries(events)) {
    const [, kind, ours, owed, trustCash, lenderDue] = rows.get(camel(event))!
    t.same(nets(lines), nets(ours), event)
    t.doesNotThrow(() => { checkEntry({ lenderId: 'len_', accountId: null, kind, causeId: '', effectiveOn: '2026-01-05', currency: 'CNY', lines }) }, `${event}: can be posted`)
    all.push(...lines)
    t.same(figures(all), { owed, trustCash, lenderDue }, `${event}: what stands after it`)
  }
  const left = Object.entries(nets(all)).filter(([account]) => /^[DT]\.|^O\.(AR|DUE_FROM_TRUST|COSTS_ADVANCED)/.test(account))
  t.same(left, [], 'a whole life ends with nothing owed, nothing in trust and nothing invoiced (43)')
})

t.test('every published event is one of ours, line by line', { skip: existsSync(path) ? false : `no ${path}; set RECOUP_VECTORS_DIR` }, async t => {
  const published = JSON.parse(readFileSync(path, 'utf8')) as Published[]
  t.same(published.map(({ event }) => event), Object.keys(events), 'the same events in the same order')
  const all: Line[] = []
  for (const row of published) {
    t.same(nets(events[row.event] ?? []), publishedNets(row.lines), row.event)
    all.push(...events[row.event] ?? [])
    t.same(figures(all), { owed: row.claim_owed_after, trustCash: row.trust_cash_after, lenderDue: row.client_payable_after }, `${row.event}: what stands after it`)
  }
})

t.test('the tax of a document differs from that of its parts by a movement of its own', async t => {
  t.same(movements.taxRounded(1, 'account'), [{ debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: 1 }])
  t.same(movements.taxRounded(-1, 'trust'), [{ debit: 'T.AGENCY', credit: 'T.CLIENT', amount: 1 }, { debit: 'O.VAT_OUTPUT', credit: 'O.DUE_FROM_TRUST', amount: 1 }])
})

t.test('a refund that the bank takes back with its payment is the agency\'s loss, and nobody\'s trust money', async t => {
  t.same(movements.refundLost(10_00), [{ debit: 'T.AGENCY', credit: 'T.REFUND', amount: 10_00 }, { debit: 'O.BAD_DEBT', credit: 'O.DUE_FROM_TRUST', amount: 10_00 }])
  const paid = movements.overpaid(10_00, 'T.BANK')
  t.same(nets([...paid, ...movements.refunded(10_00), ...negated(paid), ...movements.refundLost(10_00), ...movements.curedByAgency(10_00)]), { 'O.BAD_DEBT': 10_00, 'O.BANK': -10_00 }, 'once the agency has put it back')
})

t.test('what is nothing has no line, so that no entry moves a zero (1)', async t => {
  const none = parts({})
  const amounts: readonly (readonly Line[])[] = [
    movements.placed(none), movements.charged('interest', 0), movements.charged('lateFee', 0), movements.costsAdvanced(0), movements.receivedUnidentified(0, 'T.BANK'), movements.paidToAgency(none, 0, 'T.BANK'),
    movements.paidToLender(none), movements.cleared(0), movements.costsRecovered(0), movements.commissionEarned({ commission: 0, vat: 0 }, 0), movements.costsInvoiced(0), movements.remitted(0), movements.swept(0),
    movements.offset(0), movements.offsetUnwound(0), movements.shortfallOwed(0), movements.curedByAgency(0), movements.curedByLender(0), movements.curedByNetting(0), movements.discounted(none), movements.writtenOff(none),
    movements.waived('interest', 0), movements.recalled(none), movements.adjusted(none, none), movements.overpaid(0, 'T.BANK'), movements.refunded(0), movements.refundLost(0), movements.unidentifiedReturned(0, 'T.BANK'), movements.clientPaidInvoices(0), movements.taxRounded(0, 'trust'),
  ]
  for (const [i, lines] of amounts.entries()) t.same(lines, [], `event ${i}`)
})

t.test('undoing leaves every account where it was, whatever was booked (6, 7)', async t => {
  for (const [event, lines] of Object.entries(events)) {
    t.same(nets([...lines, ...negated(lines)]), {}, event)
    const accounts = new Set<LedgerAccount>(lines.flatMap(({ debit, credit }) => [debit, credit]))
    t.same(negated(negated(lines)), lines, `${event}: undoing the undoing is the event again`)
    t.ok(movements.undoneAfterRemittance(lines).every(({ debit, credit }) => debit !== 'T.CLIENT' && credit !== 'T.CLIENT') || !accounts.has('T.CLIENT'), `${event}: after remittance no other lender's money is touched`)
  }
})
