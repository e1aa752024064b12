import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { runJob } from '../../src/platform/jobs/run.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, Lender, World } from '../world.ts'

interface Statement {
  id: string, number: number, lenderId: string, fromOn: string, toOn: string, openingHeld: number, openingBilled: number, collected: number, collectedDirect: number, commission: number, vat: number, setOff: number, remitted: number,
  closingHeld: number, closingBilled: number, lineCount: number, hash: string
}
interface Line { kind: string, held: number, billed: number, collected: number, commission: number, vat: number, journalEntryId: string, correctsJournalEntryId: string | null, sourceId: string, invoiceId: string | null }
interface Invoice { id: string, kind: string, number: number, commission: number, vat: number, total: number, withheld: number, billed: number, open: number, state: string, creditsId: string | null }

const terms = { commission: { base: ['principal' as const, 'interest' as const], rate: '0.3', vatRate: '0.2' } }

const pay = async (w: World, us: Agency, accountId: string, amount: number, receivedOn: string, receivedBy = 'agency'): Promise<string> =>
  (await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'bankTransfer' })).id

const run = async (w: World, us: Agency, body: object): Promise<void> => {
  await w.ok(us, 'POST', '/v1/remittance-runs', body)
  await w.settle(us)
}
const statementsOf = async (w: World, us: Agency | Lender, lenderId?: string): Promise<Statement[]> => (await w.ok<{ data: Statement[] }>(us, 'GET', `/v1/statements?limit=200${lenderId === undefined ? '' : `&lenderId=${lenderId}`}`)).data
const linesOf = async (w: World, us: Agency, id: string): Promise<Line[]> => (await w.ok<{ data: Line[] }>(us, 'GET', `/v1/statements/${id}/lines?limit=200`)).data
const invoicesOf = async (w: World, us: Agency): Promise<Invoice[]> => (await w.ok<{ data: Invoice[] }>(us, 'GET', '/v1/invoices')).data
const kinds = (lines: Line[]): string[] => lines.map(({ kind }) => kind)
const nonZero = (net: Record<string, number>): Record<string, number> => Object.fromEntries(Object.entries(net).filter(([name, amount]) => amount !== 0 && /^[TO]/.test(name)))

t.test('net: what is left of a payment is passed on, once, and what comes later is on the next statement', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, terms)
  const other = await w.lender(us, terms)
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })

  // 540.00 of principal: commission 30 % = 162.00, VAT 20 % = 32.40; 540.00 - 194.40 = 345.60.
  const first = await pay(w, us, accountId, 540_00, '2026-01-05')
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/ageing?jurisdiction=US-WA')).data, [{ lenderId: bank.id, amount: 345_60, heldSince: '2026-01-05', ageDays: 0, remitByOn: '2026-03-02', isOverdue: false }])
  t.match(await w.ok(us, 'GET', '/v1/trust/ageing'), { rule: null, data: [{ remitByOn: null, isOverdue: false }] })
  await run(w, us, { through: '2026-01-05' })
  const [january] = await statementsOf(w, us)
  t.match(january, { number: 1, lenderId: bank.id, toOn: '2026-01-05', openingHeld: 0, collected: 540_00, commission: 162_00, vat: 32_40, remitted: 345_60, closingHeld: 0, closingBilled: 0, lineCount: 3 })
  t.equal((await statementsOf(w, us)).length, 1, 'a lender for whom nothing happened has no statement')
  const lines = await linesOf(w, us, january!.id)
  t.match(lines, [{ kind: 'payment', held: 540_00, sourceId: first }, { kind: 'commission', held: -194_40, commission: 162_00, vat: 32_40 }, { kind: 'remittance', held: -345_60 }])
  t.match(await invoicesOf(w, us), [{ kind: 'invoice', number: 1, commission: 162_00, vat: 32_40, total: 194_40, withheld: 194_40, billed: 0, open: 0, state: 'settled' }])
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/remittances')).data, [{ lenderId: bank.id, statementId: january!.id, amount: 345_60, sentOn: '2026-01-05' }])
  t.same(nonZero(await checkBooks(t, w, us, 'remitted and swept')), { 'O.BANK': 194_40, 'O.COMMISSION_INCOME': -162_00, 'O.VAT_OUTPUT': -32_40 }, 'trust is empty')
  t.same((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/ageing')).data, [])

  t.test('what was issued is the same for ever: bytes, hash, and the database says no', async t => {
    const reply = await w.call(us, 'GET', `/v1/statements/${january!.id}/document`)
    t.equal(createHash('sha256').update(reply.rawPayload).digest('hex'), january!.hash)
    t.match(reply.json(), { kind: 'statement', opening: { held: 0 }, closing: { held: 0 }, totals: { remitted: 345_60 } })
    t.notMatch(reply.body, /Borrower/, 'no personal data')
    for (const change of [sql`update statements set remitted = 0`, sql`delete from statement_lines`, sql`update invoices set vat = 0`, sql`delete from remittances`]) {
      await t.rejects(w.tx(us, async tx => { await tx.execute(change) }), { cause: { code: '42501' } })
    }
    const csv = await w.call(us, 'GET', `/v1/statements/${january!.id}/csv`)
    t.equal(csv.headers['content-type'], 'text/csv; charset=utf-8')
    t.match(csv.body.split('\r\n')[2], /,162\.00,32\.40,0\.2,0\.00,-194\.40,0\.00$/)
  })

  t.test('the same day again is the same statement, whoever asks and however often', async t => {
    await Promise.all([1, 2, 3].map(async () => await w.ok(us, 'POST', '/v1/remittance-runs', { lenderId: bank.id, through: '2026-01-05' })))
    await Promise.all([1, 2, 3].map(async () => await runJob(w.machine, 'remittances.doRuns', us.id, 10_000)))
    await w.settle(us)
    t.same((await statementsOf(w, us)).map(({ id }) => id), [january!.id])
    t.equal((await w.call(us, 'POST', '/v1/remittance-runs', { through: '2026-02-01' })).json<{ code: string }>().code, 'period-in-future')
    t.equal((await w.call(us, 'POST', '/v1/remittance-runs', { lenderId: strangeId('lender') })).statusCode, 404)
  })

  t.test('a lender reads its own and nothing of another\'s', async t => {
    t.same((await statementsOf(w, bank)).map(({ id }) => id), [january!.id])
    t.same(await statementsOf(w, other), [])
    for (const path of ['', '/lines', '/document', '/csv']) t.equal((await w.call(other, 'GET', `/v1/statements/${january!.id}${path}`)).statusCode, 404, path)
    t.equal((await w.call(bank, 'POST', '/v1/remittance-runs', {})).statusCode, 403)
    t.equal((await w.call(bank, 'GET', '/v1/trust/ageing')).statusCode, 403)
    const heard = (await w.ok<{ data: { type: string }[] }>(bank, 'GET', '/v1/events?types=statement.*,remittance.*,invoice.*')).data
    t.same(heard.map(({ type }) => type).sort(), ['invoice.issued', 'remittance.sent', 'statement.issued'])
  })

  t.test('NSF_AFTER_REMIT: the lender owes trust, its commission is credited, and what comes in next makes it good', async t => {
    await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    await w.settle(us)
    // The bank took 540.00; the agency gives its 194.40 back, so the lender is short of 345.60.
    t.same(nonZero(await checkBooks(t, w, us, 'returned')), { 'T.BANK': -540_00, 'T.CLIENT_DUE': 345_60, 'T.AGENCY': 194_40, 'O.DUE_FROM_TRUST': -194_40, 'O.BANK': 194_40 })
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    // 500.00 come in: commission 150.00, VAT 30.00, so 320.00 for the lender, all of it owed; 25.60 stay owed and nothing is swept.
    const second = await pay(w, us, accountId, 500_00, '2026-01-08')
    await run(w, us, { through: '2026-01-08' })
    const [, next] = await statementsOf(w, us)
    t.match(next, { number: 2, fromOn: '2026-01-06', openingHeld: january!.closingHeld, collected: -40_00, remitted: 0, closingHeld: -25_60 })
    const entries = await linesOf(w, us, next!.id)
    t.same(kinds(entries).sort(), ['clawback', 'commission', 'payment', 'paymentReversal'])
    t.equal(entries.find(({ kind }) => kind === 'paymentReversal')!.correctsJournalEntryId, lines[0]!.journalEntryId, 'it points at the line it corrects')
    const [invoice, ...more] = await invoicesOf(w, us)
    t.match(more, [{ kind: 'invoice', number: 2, commission: 150_00, vat: 30_00 }, { kind: 'creditNote', number: 1, commission: -162_00, vat: -32_40, withheld: -194_40, creditsId: invoice!.id }])
    t.match(nonZero(await checkBooks(t, w, us, 'netted')), { 'T.CLIENT_DUE': 25_60, 'O.BANK': 194_40 })
    t.equal((await w.call(us, 'GET', `/v1/statements/${january!.id}/document`)).json<{ lines: unknown[] }>().lines.length, 3, 'what was issued stays as it is')
    t.ok(second)
  })
  t.same(w.failures, [])
})

t.test('combined: what is owed for a direct payment is kept from what is passed on, itemised (OFFSET_DIRECT)', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { ...terms, remittance: 'combined' })
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // postings.json: 200.00 direct: 60.00 + 12.00 on the lender's account. 180.00 to the agency: 54.00 + 10.80 withheld, 115.20 held. 115.20 - 72.00 = 43.20.
  await pay(w, us, accountId, 200_00, '2026-01-05', 'lender')
  await pay(w, us, accountId, 180_00, '2026-01-05')
  await run(w, us, { through: '2026-01-05' })
  const [statement] = await statementsOf(w, us)
  t.match(statement, { collected: 180_00, collectedDirect: 200_00, commission: 114_00, vat: 22_80, setOff: 72_00, remitted: 43_20, closingHeld: 0, closingBilled: 0 })
  t.match((await linesOf(w, us, statement!.id)).filter(({ kind }) => kind === 'offset'), [{ held: -72_00, billed: -72_00 }])
  t.match(await invoicesOf(w, us), [{ commission: 114_00, vat: 22_80, withheld: 64_80, billed: 72_00, open: 0, state: 'settled' }])
  t.same(nonZero(await checkBooks(t, w, us, 'offset')), { 'O.BANK': 136_80, 'O.COMMISSION_INCOME': -114_00, 'O.VAT_OUTPUT': -22_80 })
  t.same(w.failures, [])
})

t.test('credit beyond what is open settles what is billed next, so that invoices and the lender\'s account agree', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, terms)
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // 100.00 to the lender itself: 30.00 + 6.00 on its account, which it pays; then the payment turns out to be a mistake.
  const first = await pay(w, us, accountId, 100_00, '2026-01-05', 'lender')
  await run(w, us, { through: '2026-01-05' })
  const [invoice] = await invoicesOf(w, us)
  await w.ok(us, 'POST', `/v1/invoices/${invoice!.id}/payments`, { amount: 36_00, paidOn: '2026-01-05' })
  await w.liveUntil(us, '2026-01-06T09:00:00Z')
  await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'clerical', reversedOn: '2026-01-06' })
  await run(w, us, { through: '2026-01-06' })
  t.match(await statementsOf(w, us), [{}, { closingBilled: -36_00 }])
  t.match(nonZero(await checkBooks(t, w, us, 'credited')), { 'O.AR': -36_00 })
  // 50.00: 15.00 + 3.00, settled by half of the credit; 200.00: 60.00 + 12.00, less the other half.
  for (const [day, amount] of [['2026-01-07', 50_00], ['2026-01-08', 200_00]] as const) {
    await w.liveUntil(us, `${day}T09:00:00Z`)
    await pay(w, us, accountId, amount, day, 'lender')
    await run(w, us, { through: day })
  }
  t.match((await invoicesOf(w, us)).map(({ kind, billed, open, state }) => [kind, billed, open, state]), [
    ['invoice', 36_00, 0, 'settled'], ['creditNote', -36_00, 0, /./], ['invoice', 18_00, 0, 'settled'], ['invoice', 72_00, 54_00, 'partlySettled'],
  ])
  t.match(nonZero(await checkBooks(t, w, us, 'carried over')), { 'O.AR': 54_00 }, 'what is open is what is owed')
  t.match((await statementsOf(w, us)).at(-1), { openingBilled: -18_00, closingBilled: 54_00 })
  t.same(w.failures, [])
})

t.test('the agency\'s share that waited for trust to be whole is taken out with the next run, though there is nothing to state', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const [short, other] = [await w.lender(us, terms), await w.lender(us, terms)]
  const debts = { short: await w.account(us, short, { balance: { principal: 9_000_00 }, placedOn: '2026-01-05' }), other: await w.account(us, other, { balance: { principal: 9_000_00 }, placedOn: '2026-01-05' }) }
  const day = async (on: string): Promise<void> => await w.liveUntil(us, `${on}T09:00:00Z`)
  // 540.00 are passed on and come back: 345.60 are missing. 100.00 for another lender meanwhile: 64.00 are passed on, 36.00 stay in trust.
  const first = await pay(w, us, debts.short.accountId, 540_00, '2026-01-05')
  await run(w, us, { through: '2026-01-05' })
  await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
  await day('2026-01-06')
  await pay(w, us, debts.other.accountId, 100_00, '2026-01-06')
  await run(w, us, { lenderId: other.id, through: '2026-01-06' })
  t.match(await statementsOf(w, us, other.id), [{ remitted: 64_00 }])
  t.match(nonZero(await checkBooks(t, w, us, 'short')), { 'T.CLIENT_DUE': 345_60, 'T.AGENCY': 194_40 - 36_00 })
  await day('2026-01-07')
  await run(w, us, { lenderId: other.id, through: '2026-01-07' })
  t.match(nonZero(await checkBooks(t, w, us, 'still short')), { 'T.AGENCY': 194_40 - 36_00 }, 'while trust is short nothing is taken')
  // 1,000.00 for the first: 640.00, of which 345.60 make it good.
  await pay(w, us, debts.short.accountId, 1_000_00, '2026-01-07')
  await run(w, us, { lenderId: short.id, through: '2026-01-07' })
  await day('2026-01-08')
  for (const _ of ['once', 'again']) await run(w, us, { lenderId: other.id, through: '2026-01-08' })
  const net = await checkBooks(t, w, us, 'whole')
  t.match([net['T.AGENCY'] ?? 0, net['O.DUE_FROM_TRUST'] ?? 0], [0, 0], 'taken once')
  t.equal((await statementsOf(w, us, other.id)).length, 1, 'and nothing is stated')
  t.same(w.failures, [])
})

t.test('gross: all of it is passed on, VAT is computed once on the invoice, and the lender pays it', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { ...terms, remittance: 'gross' })
  // 1.10 each: 30 % is 0.33, VAT 0.066 is booked as 0.07; three of them 0.21. On the invoice 20 % of 0.99 is 0.198, so 0.20.
  for (let i = 0; i < 3; i++) {
    const { accountId } = await w.account(us, bank, { balance: { principal: 100_00 }, placedOn: '2026-01-05' })
    await pay(w, us, accountId, 1_10, '2026-01-05')
  }
  await run(w, us, { through: '2026-01-05' })
  const [statement] = await statementsOf(w, us)
  t.match(statement, { collected: 3_30, commission: 99, vat: 20, remitted: 3_30, closingHeld: 0, closingBilled: 1_19 })
  t.match((await linesOf(w, us, statement!.id)).filter(({ kind }) => kind === 'documentTax'), [{ vat: -1, billed: -1 }])
  const [invoice] = await invoicesOf(w, us)
  t.match(invoice, { commission: 99, vat: 20, total: 1_19, withheld: 0, billed: 1_19, open: 1_19, state: 'open' })
  t.match(await books(w, us), { 'T.BANK': 0, 'O.AR': 1_19, 'O.VAT_OUTPUT': -20 })

  const path = `/v1/invoices/${invoice!.id}/payments`
  const part = { amount: 1_00, paidOn: '2026-01-05', reference: 'BK-1' }
  const paid = await w.ok<{ id: string }>(us, 'POST', path, part)
  t.equal((await w.ok<{ id: string }>(us, 'POST', path, part)).id, paid.id, 'sent again it is answered')
  t.equal((await w.call(us, 'POST', path, { ...part, amount: 1 })).json<{ code: string }>().code, 'settlement-duplicate')
  t.equal((await w.call(us, 'POST', path, { amount: 20, paidOn: '2026-01-05' })).json<{ code: string }>().code, 'invoice-overpaid')
  t.equal((await w.call(us, 'POST', `/v1/invoices/${strangeId('invoice')}/payments`, part)).statusCode, 404)
  t.match(await w.ok(us, 'GET', `/v1/invoices/${invoice!.id}`), { open: 19, state: 'partlySettled' })
  await w.ok(us, 'POST', path, { amount: 19, paidOn: '2026-01-05' })
  t.match(await w.ok(bank, 'GET', `/v1/invoices/${invoice!.id}`), { open: 0, state: 'settled' })
  t.same(nonZero(await checkBooks(t, w, us, 'paid')), { 'O.BANK': 1_19, 'O.COMMISSION_INCOME': -99, 'O.VAT_OUTPUT': -20 }, 'invariant 43: trust and the lender\'s account are at zero')
  const document = await w.call(bank, 'GET', `/v1/invoices/${invoice!.id}/document`)
  t.equal(createHash('sha256').update(document.rawPayload).digest('hex'), (await w.ok<{ hash: string }>(us, 'GET', `/v1/invoices/${invoice!.id}`)).hash, 'a payment changes the state, not the document')
  t.same(w.failures, [])
})

t.test('a payment that arrives late changes what was stated: the statement stays, the next one has the correction', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { ...terms, commission: { base: ['principal'], rate: '0.3', vatRate: '0' }, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // 36.5 % a year are 0.1 % a day: 1.00 a day on 1,000.00. On the 15th 10.00 of interest are owed; 110.00 settle them and 100.00 of principal: commission 30.00, 80.00 passed on.
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  await pay(w, us, accountId, 110_00, '2026-01-15')
  await run(w, us, { through: '2026-01-15' })
  const [issued] = await statementsOf(w, us)
  t.match(issued, { collected: 110_00, commission: 30_00, remitted: 80_00, closingHeld: 0 })

  // On the 20th it is found that 505.00 came in on the 10th: 5.00 of interest and 500.00 of principal, and 0.50 a day after that. On the 15th 2.50 were owed, and 107.50
  // of the 110.00 settled principal: commission 32.25 instead of 30.00. The late payment earns 150.00.
  await w.liveUntil(us, '2026-01-20T09:00:00Z')
  await pay(w, us, accountId, 505_00, '2026-01-10')
  await run(w, us, { through: '2026-01-20' })
  const [first, second] = await statementsOf(w, us)
  t.same(first, issued, 'the statement that was issued is the one it was')
  t.match(second, { openingHeld: 0, fromOn: '2026-01-16', toOn: '2026-01-20', collected: 505_00, commission: 152_25, remitted: 352_75, closingHeld: 0 })
  const lines = await linesOf(w, us, second!.id)
  t.same(kinds(lines).sort(), ['clawback', 'commission', 'commission', 'correction', 'payment', 'remittance'])
  t.match(lines.find(({ kind }) => kind === 'correction'), { held: 0, collected: 0 }, 'other parts were settled by the same money')
  const before = await linesOf(w, us, first!.id)
  t.equal(lines.find(({ kind }) => kind === 'clawback')!.correctsJournalEntryId, before.find(({ kind }) => kind === 'commission')!.journalEntryId)
  await checkBooks(t, w, us, 'corrected')
  t.same(w.failures, [])
})

t.test('by schedule, at the end of each period of the agency\'s calendar; numbers have no gaps and each opening is the closing before (42)', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lenders = await Promise.all([1, 2].map(async () => await w.lender(us, terms)))
  const accounts = await Promise.all(lenders.map(async lender => (await w.account(us, lender, { balance: { principal: 9_000_00 }, placedOn: '2026-01-05' })).accountId))
  await w.ok(us, 'POST', '/v1/remittance-schedules', { lenderId: lenders[0]!.id, currency: 'CNY', every: 'daily' })
  t.match(await w.ok(us, 'POST', '/v1/remittance-schedules', { lenderId: lenders[1]!.id, currency: 'CNY', every: 'weekly' }), { nextAt: '2026-01-11T16:00:00Z' }, 'Monday in Shanghai')
  t.equal((await w.ok<{ data: unknown[] }>(lenders[0]!, 'GET', '/v1/remittance-schedules')).data.length, 1)
  for (const [i, day] of ['2026-01-05', '2026-01-06', '2026-01-07'].entries()) {
    if (i > 0) await w.liveUntil(us, `${day}T09:00:00Z`)
    for (const accountId of accounts) await pay(w, us, accountId, 100_03 + i, day)
  }
  await w.liveUntil(us, '2026-01-13T09:00:00Z')
  const all = await statementsOf(w, us)
  t.same(all.map(({ number }) => number), [1, 2, 3, 4])
  t.same(all.map(({ lenderId, fromOn, toOn }) => [lenderId === lenders[0]!.id ? 'daily' : 'weekly', fromOn, toOn]), [
    ['daily', '2026-01-05', '2026-01-05'], ['daily', '2026-01-06', '2026-01-06'], ['daily', '2026-01-07', '2026-01-07'], ['weekly', '2026-01-05', '2026-01-11'],
  ], 'days on which nothing happened are not stated')
  for (const lender of lenders) {
    const own = all.filter(({ lenderId }) => lenderId === lender.id)
    for (const [i, statement] of own.entries()) t.equal(statement.openingHeld, own[i - 1]?.closingHeld ?? 0)
  }
  const net = await checkBooks(t, w, us, 'all passed on')
  t.match(net, { 'T.BANK': 0, 'T.CLIENT': 0, 'T.AGENCY': 0 })
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/reconciliation?on=2026-01-06')).data, [{ currency: 'CNY', difference: 0, clientDifference: 0 }])
  t.equal((await w.call(us, 'GET', '/v1/trust/reconciliation?on=2026-02-06')).json<{ code: string }>().code, 'period-in-future')
  t.same(w.failures, [])
})

t.test('a worker killed in the middle of a run loses nothing and doubles nothing', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lendersMax = 12
  for (let i = 0; i < lendersMax; i++) {
    const lender = await w.lender(us, terms)
    const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
    await pay(w, us, accountId, 540_00, '2026-01-05')
  }
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/remittance-runs', { through: '2026-01-05' })
  let kills = 0
  for (const afterMs of [0, 3, 9]) {
    const child = spawn(process.execPath, [fileURLToPath(new URL('remittances.killed.js', import.meta.url)), w.url, us.id], { stdio: 'ignore' })
    const seen = (await statementsOf(w, us)).length
    const exited = once(child, 'exit')
    while (child.exitCode === null && (await statementsOf(w, us)).length === seen) await wait(2)
    await wait(afterMs)
    if (child.kill('SIGKILL')) kills++
    await exited
  }
  t.ok(kills > 0)
  await w.settle(us)
  const all = await statementsOf(w, us)
  t.same(all.map(({ number }) => number), Array.from({ length: lendersMax }, (_, i) => i + 1), 'no gap, nothing twice')
  t.equal(new Set(all.map(({ lenderId }) => lenderId)).size, lendersMax)
  t.match(await w.ok(us, 'GET', `/v1/remittance-runs/${id}`), { statementCount: lendersMax, finishedAt: String })
  t.same(nonZero(await checkBooks(t, w, us, 'after the kills')), { 'O.BANK': lendersMax * 194_40, 'O.COMMISSION_INCOME': -lendersMax * 162_00, 'O.VAT_OUTPUT': -lendersMax * 32_40 })
  t.same(w.failures, [])
})
