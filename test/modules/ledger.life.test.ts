import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { idOf, uuidOf } from '#kernel'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import { life } from './ledger.rows.ts'

/*
 * The whole life of a debt that the money model prints, lived through the public API alone. Where one call posts several of its events, that is because they are one
 * transaction here, and `steps` says why; they are then looked at together.
 */

/** An event as it is printed: what it leaves on each ledger account, debits less credits, and what stands after it. In minor units. */
interface Printed { event: string, nets: Record<string, number>, owed: number, trustCash: number, payable: number }

interface Line { debit: string, credit: string, amount: number }

function netsOf (lines: readonly Line[]): Record<string, number> {
  const nets = new Map<string, number>()
  for (const { debit, credit, amount } of lines) for (const [account, moved] of [[debit, amount], [credit, -amount]] as const) nets.set(account, (nets.get(account) ?? 0) + moved)
  return Object.fromEntries([...nets].filter(([, net]) => net !== 0).sort(([a], [b]) => a < b ? -1 : 1))
}

/** A net as a line of one end: the other is left out. */
const oneEnd = ([account, net]: [string, number]): Line => net > 0 ? { debit: account, credit: '', amount: net } : { debit: '', credit: account, amount: -net }
const without = ({ '': _, ...nets }: Record<string, number>): Record<string, number> => nets
const sumOf = (all: readonly Record<string, number>[]): Record<string, number> => without(netsOf(all.flatMap(nets => Object.entries(nets).map(oneEnd))))

const upper = (event: string): string => event.replace(/([A-Z]|\d)/g, '_$1').toUpperCase()

/** The events in our own words: so that the test runs where the published table is not. */
const ours: Printed[] = life.map(([event, , lines, owed, trustCash, payable]) => ({ event: upper(event), nets: netsOf(lines), owed, trustCash, payable }))

interface Published { event: string, lines: { account: string, debit: number, credit: number }[], claim_owed_after: number, trust_cash_after: number, client_payable_after: number }

// The table is not part of this project: it stands beside it, or where the variable says.
const path = join(process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'money/postings.json')

const published = (): Printed[] => (JSON.parse(readFileSync(path, 'utf8')) as Published[]).map(({ event, lines, ...after }) => ({
  event, owed: after.claim_owed_after, trustCash: after.trust_cash_after, payable: after.client_payable_after,
  nets: sumOf(lines.map(({ account, debit, credit }) => ({ [account.replace(/\[.\]$/, '')]: debit - credit }))),
}))

t.test('our copy of the life is the published one', { skip: existsSync(path) ? false : `no ${path}; set RECOUP_VECTORS_DIR` }, async t => { t.same(ours, published()) })

t.test('a whole life through the API moves just what is printed, and ends with nothing owed, nothing in trust and nothing invoiced', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'UTC' })
  const printed = new Map((existsSync(path) ? published() : ours).map(row => [row.event, row]))

  // 36.5 % a year are 1.00 a day of 1,000.00: 30.00 in thirty days. Then the index falls to nothing, so that the figures of the later events are those of the table.
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'house', source: 'the test', values: [{ effectiveOn: '2026-01-01', value: '36.5' }, { effectiveOn: '2026-02-05', value: '0' }] })
  const agreed = {
    commission: { base: ['principal' as const, 'interest' as const, 'penalty' as const], rate: '0.3', vatRate: '0.2' },
    interest: { index: 'house', reset: 'floatingDaily' as const, unit: 'pct_year' as const, dayCount: 'ACT/365F' as const },
    // The second return brings no second fee: all fees together are at most 75.00.
    lateFees: [{ code: 'late', trigger: 'overdue' as const, graceDays: 0, amount: 50_00 }, { code: 'returned', trigger: 'returnedPayment' as const, amount: 25_00, cumulativeMax: 75_00 }],
  }
  const bank = await w.lender(us, { ...agreed, remittance: 'combined' })
  const neighbour = await w.lender(us, { commission: { base: ['principal'], rate: '0', vatRate: '0' } })

  const seen = new Set<string>()
  const lived: string[] = []
  let all: Line[] = []
  /** What was posted since it was last asked: of the lender and of nobody's money, and of the neighbour what touches `T.REFUND`. */
  const postedSince = async (): Promise<(Line & { kind: string })[]> => await w.tx(us, async tx => {
    const { rows } = await tx.execute(sql`select e.id, e.kind, p.debit, p.credit, p.amount from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
      where e.tenant_id = ${uuidOf(us.id)}::uuid and (e.lender_id is null or e.lender_id = ${uuidOf(bank.id)}::uuid or 'T.REFUND' in (p.debit, p.credit)) order by e.id, p.line`)
    const fresh = rows.filter(row => !seen.has(String(row['id'])))
    for (const row of fresh) seen.add(String(row['id']))
    return fresh.map(row => ({ kind: String(row['kind']), debit: String(row['debit']), credit: String(row['credit']), amount: Number(row['amount']) }))
  })

  /** Acts, and looks at what that posted: event by event where each is entries of kinds of its own, in all where they are not (null). What stands then is what is printed after `after`. */
  async function step (events: Record<string, string[] | null>, act: () => Promise<unknown>, after = Object.keys(events).at(-1)!): Promise<void> {
    await act()
    await w.settle(us)
    const names = Object.keys(events)
    const lines = await postedSince()
    for (const [event, kinds] of Object.entries(events)) {
      if (kinds !== null) t.same(netsOf(lines.filter(({ kind }) => kinds.includes(kind))), printed.get(event)!.nets, event)
    }
    t.same(netsOf(lines), sumOf(names.map(name => printed.get(name)!.nets)), `${names.join(', ')}: nothing else is posted`)
    lived.push(...names)
    all = [...all, ...lines]
    const net = netsOf(all)
    const stands = (...accounts: string[]): number => accounts.reduce((sum, account) => sum + (net[account] ?? 0), 0)
    const { owed, trustCash, payable } = printed.get(after)!
    const figures = { owed: stands('D.PRINCIPAL', 'D.INTEREST', 'D.PENALTY', 'D.COSTS'), trustCash: stands('T.BANK', 'T.CLEARING'), payable: 0 - stands('T.CLIENT') }
    t.same(figures, { owed, trustCash, payable }, `${names.join(', ')}: what stands after it`)
    const account = await w.ok<{ balance: { total: number } }>(us, 'GET', `/v1/accounts/${accountId}`)
    t.equal(account.balance.total, figures.owed, `${names.join(', ')}: the account owes it`)
    await checkBooks(t, w, us, names.join(', '))
  }

  const post = async <T = { id: string }>(url: string, body?: object): Promise<T> => await w.ok<T>(us, 'POST', url, body)
  const at = async (day: string): Promise<void> => { await w.liveUntil(us, `${day}T09:00:00Z`) }
  const pay = async (amount: number, on: string, more: object = {}): Promise<string> => (await post('/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: on, receivedBy: 'agency', method: 'bankTransfer', ...more })).id
  const nsf = async (id: string, reversedOn: string) => await post(`/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn })
  const remit = async (through: string) => await post('/v1/remittance-runs', { lenderId: bank.id, through })
  const invoices = async () => (await w.ok<{ data: { id: string, kind: string, open: number, commission: number, vat: number, costs: number }[] }>(us, 'GET', '/v1/invoices')).data

  let accountId = idOf('account', '')
  let placementId = ''
  await step({ PLACEMENT: ['placement'] }, async () => {
    const placed = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05', timeZone: 'UTC' });
    ({ accountId, placementId } = placed)
  })
  // Thirty nights charge both: the fee in the first, 1.00 of interest in each.
  await step({ LATE_FEE: ['lateFee'], ACCRUAL: ['accrual'] }, async () => { await at('2026-02-04') })
  await step({ COST_ADVANCE: ['cost'] }, async () => await post(`/v1/accounts/${accountId}/costs`, { amount: 40_00, on: '2026-02-04', reason: 'courtFee' }))
  let receiptId = ''
  await step({ PAY_AGENCY_RECEIVED: ['receipt'] }, async () => { receiptId = (await post('/v1/receipts', { amount: 540_00, currency: 'CNY', receivedOn: '2026-02-04', method: 'card', reference: 'BK-1', pending: true })).id })
  // What a payment settles and what it earns and recovers is one transaction: no payment is without its commission.
  let first = ''
  await step({ PAY_AGENCY_ALLOCATED: ['receiptApplied', 'payment'], COST_RECOVERY: ['costRecovery'], COMMISSION_NET: ['commission'] }, async () => { first = (await post(`/v1/receipts/${receiptId}/applications`, { accountId })).id })
  // So it clears after them, and the table has it before: what stands there when all of them have happened stands here.
  await step({ PAY_CLEARED: ['clearing'] }, async () => await post(`/v1/receipts/${receiptId}/clear`, { clearedOn: '2026-02-04' }), 'COMMISSION_NET')
  // A run states, passes on and takes the agency's share out at once: neither is without a document.
  await step({ REMITTANCE_NET: ['remittance'], SWEEP: ['sweep'] }, async () => await remit('2026-02-04'))
  await at('2026-02-05')
  await step({ PAY_DIRECT: ['payment'], COMMISSION_INVOICE: ['commission'] }, async () => await pay(200_00, '2026-02-05', { receivedBy: 'lender' }))
  // The document of it moves nothing.
  await remit('2026-02-05')
  await w.settle(us)
  const [, direct] = await invoices()
  t.match(direct, { commission: 60_00, vat: 12_00, costs: 0, open: 72_00 })
  await at('2026-02-06')
  let second = ''
  await step({ PAY_AGENCY_2: ['payment'], COMMISSION_NET_2: ['commission'] }, async () => { second = await pay(180_00, '2026-02-06') })
  await step({ OFFSET_DIRECT: ['invoiceOffset'] }, async () => await post(`/v1/invoices/${direct!.id}/offsets`, {}))
  t.match(await w.ok(us, 'GET', `/v1/invoices/${direct!.id}`), { open: 0, state: 'settled' })
  // No lender's account may be in debit between two transactions: what makes it short and what makes it good are one. The fee is charged for the return, with it.
  await step({ NSF_BEFORE_REMIT: ['paymentReversal', 'clawback'], OFFSET_UNWIND: ['offsetUnwound'], NSF_FEE: ['lateFee'] }, async () => await nsf(second, '2026-02-06'))
  t.match(await w.ok(us, 'GET', `/v1/invoices/${direct!.id}`), { open: 72_00, state: 'open' }, 'the invoice is open again')
  // What the lender is short of is known when the commission has been given back: 540.00 less 220.00 are its debt to trust, so the two are seen together.
  await step({ NSF_AFTER_REMIT: null, CLAWBACK: null }, async () => await nsf(first, '2026-02-06'))
  await step({ CURE_AGENCY: ['trustCure'] }, async () => await post('/v1/trust/cures', { lenderId: bank.id, currency: 'CNY', by: 'agency', amount: 220_00, curedOn: '2026-02-06', reference: 'CU-1' }))
  await step({ CURE_CLIENT: ['trustCure'] }, async () => await post('/v1/trust/cures', { lenderId: bank.id, currency: 'CNY', by: 'lender', amount: 320_00, curedOn: '2026-02-06', reference: 'CU-2' }))

  // From here on commission is invoiced and money passed on gross. A payment earns when it is received, so COMMISSION_INVOICE_GROSS is posted with it and not at the end; it moves none of the figures.
  await post(`/v1/lenders/${bank.id}/commission-plans`, { currency: 'CNY', validFrom: '2026-01-05', terms: { base: ['principal', 'interest', 'penalty', 'costs'], rows: [{ method: { kind: 'flat', rate: '0.3' } }], vat: { rate: '0.2' }, recover: 'invoice' } })
  await step({ SETTLEMENT_PAY: ['payment'], COMMISSION_INVOICE_GROSS: ['commission', 'costRecovery'] }, async () => await pay(600_00, '2026-02-06'), 'SETTLEMENT_PAY')
  await step({ SETTLEMENT_DISCOUNT: ['discount'] }, async () => await post(`/v1/accounts/${accountId}/discounts`, { parts: { principal: 245_00 }, on: '2026-02-06', reason: 'settlement', authorizedBy: 'MANDATE-7' }))
  // Nobody can overpay a debt of which something is owed: the 10.00 are overpaid on a debt of another lender of which 5.00 were owed, and those are left out here.
  const small = await w.account(us, neighbour, { balance: { principal: 5_00 }, placedOn: '2026-02-06', timeZone: 'UTC' })
  await w.settle(us)
  let overpaid = ''
  await step({ OVERPAYMENT: ['payment'] }, async () => { overpaid = (await post('/v1/payments', { accountId: small.accountId, amount: 15_00, currency: 'CNY', receivedOn: '2026-02-06', receivedBy: 'agency', method: 'cash' })).id })
  await step({ REFUND: ['refund'] }, async () => await post(`/v1/payments/${overpaid}/refund`, { refundedOn: '2026-02-06' }))
  await step({ WRITE_OFF: ['writeOff'] }, async () => await post(`/v1/accounts/${accountId}/write-offs`, { parts: { principal: 60_00 }, on: '2026-02-06', reason: 'uncollectible' }))
  await step({ RECALL: ['recall'] }, async () => await post(`/v1/placements/${placementId}/recall`))
  await at('2026-02-07')
  await post(`/v1/lenders/${bank.id}/agreements`, { currency: 'CNY', effectiveOn: '2026-02-07', terms: { ...agreed, allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'gross', autoAccept: true, termDays: 180 } })
  await step({ REMITTANCE_GROSS: ['remittance'] }, async () => await remit('2026-02-07'))
  const gross = (await invoices()).filter(({ kind, open }) => kind === 'invoice' && open > 0)
  t.match(gross.map(({ open, costs }) => [open, costs]), [[72_00, 0], [241_60, 40_00]], 'what was invoiced is what is owed')
  await step({ CLIENT_PAYS_INVOICES: ['invoicePayment'] }, async () => { for (const { id, open } of gross) await post(`/v1/invoices/${id}/payments`, { amount: open, paidOn: '2026-02-07' }) })

  t.same(lived.sort(), [...printed.keys()].sort(), 'every event of the table was lived')
  t.same(Object.keys(netsOf(all)).filter(account => /^[DT]\.|^O\.(AR|DUE_FROM_TRUST|COSTS_ADVANCED)/.test(account)), [], 'nothing is owed, nothing in trust, nothing invoiced (43)')
  const { data: statements } = await w.ok<{ data: { closingHeld: number, closingBilled: number, setOff: number }[] }>(us, 'GET', `/v1/statements?lenderId=${bank.id}`)
  t.match(statements.at(-1), { closingHeld: 0, closingBilled: 313_60, setOff: 0 }, 'and the lender was told: what was kept was put back')
  t.same(w.failures, [])
})
