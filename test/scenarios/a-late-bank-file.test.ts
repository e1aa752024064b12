import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

interface Statement { id: string, number: number, hash: string, openingHeld: number, closingHeld: number }

interface Rehearsal {
  allocated: Record<string, number>, balance: { before: Record<string, number>, after: Record<string, number> }
  correction: { moved: Record<string, number>, payments: { paymentId: string }[] } | null
}

t.test('a bank file arrives sixty days late', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai. 10 % a year on principal: one in 3,650 a day. A late fee of 1 % of the open principal after
  // forty days of grace. 20 % commission on recovered principal, without VAT.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us, {
    commission: { base: ['principal'], rate: '0.2', vatRate: '0' }, interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 40, rate: '0.01' }], remittance: 'net',
  })
  const story = storyOf(w, us, bank)
  const { accountId } = await w.account(us, bank, { dueOn: '2026-01-01', balance: { principal: 7_300_00 } })
  const owes = async (expected: Parts, what: string): Promise<void> => { t.same(await story.owed(accountId), expected, what) }
  const state = async (through: string): Promise<Statement> => {
    await w.ok(us, 'POST', '/v1/remittance-runs', { lenderId: bank.id, through })
    await w.settle(us)
    return (await w.ok<{ data: Statement[] }>(bank, 'GET', '/v1/statements')).data.at(-1)!
  }
  const earned = async (): Promise<number> => (await story.commission(accountId)).reduce((sum, [, , commission]) => sum + commission, 0)

  // 25 January, 1,000.00. Twenty days at 2.00: interest 40.00, principal 960.00; 6,340.00 are left. Commission 192.00.
  await story.morning('2026-01-25')
  t.same(story.settledParts(await story.pay(accountId, 1_000_00, '2026-01-25')), [960_00, 40_00, 0, 0, 1_000_00])
  // 15 February, the 41st day: the fee, 1 % of 6,340.00.
  await story.morning('2026-02-15')
  t.match((await story.owed(accountId)).slice(2), [63_40, 0])
  // 24 February, 1,000.00. Principal times days: 730,000 * 20 + 634,000 * 30 = 33,620,000; / 3,650 = 9,210.96, so 9,211 - 4,000 = 52.11.
  // Penalty 63.40, interest 52.11, principal 884.49; 5,455.51 are left. Commission 176.898, so 176.90.
  await story.morning('2026-02-24')
  const second = await story.pay(accountId, 1_000_00, '2026-02-24')
  t.same(story.settledParts(second), [884_49, 52_11, 63_40, 0, 1_000_00])
  // 26 March, 1,000.00. 33,620,000 + 545,551 * 30 = 49,986,530; / 3,650 = 13,694.94, so 13,695 - 9,211 = 44.84; principal 955.16, 4,500.35 are left.
  // Commission 191.032, so 191.03.
  await story.morning('2026-03-26')
  const third = await story.pay(accountId, 1_000_00, '2026-03-26')
  t.same(story.settledParts(third), [955_16, 44_84, 0, 0, 1_000_00])
  // 5 April: ten days more. 49,986,530 + 4,500,350 = 54,486,880; / 3,650 = 14,927.91, so 14,928 - 13,695 = 12.33.
  await story.morning('2026-04-05')
  const before: Parts = [4_500_35, 12_33, 0, 0, 4_512_68]
  await owes(before, 'before the file')
  t.equal(await earned(), 192_00 + 176_90 + 191_03)

  // The statement of March: 3,000.00 collected, 192.00 + 176.90 + 191.03 = 559.93 earned and withheld, 2,440.07 passed on.
  const march = await state('2026-03-31')
  t.match(march, { number: 1, openingHeld: 0, collected: 3_000_00, commission: 559_93, remitted: 2_440_07, closingHeld: 0 })
  const booksBefore = await checkBooks(t, w, us, 'before the file')
  t.match(booksBefore, { 'T.BANK': 0, 'T.CLIENT': 0, 'T.AGENCY': 0 })

  // The file says: 2,000.00 on 4 February. By then 730,000 * 20 + 634,000 * 10 = 20,940,000; / 3,650 = 5,736.99, so 5,737 - 4,000 = 17.37 of interest,
  // 1,982.63 of principal; 4,357.37 are left.
  //   15 February: the fee is 1 % of 4,357.37: 43.57, not 63.40.
  //   24 February: 20,940,000 + 435,737 * 20 = 29,654,740; / 3,650 = 8,124.59, so 8,125 - 5,737 = 23.88. Of 1,000.00: 43.57, 23.88, 932.55; 3,424.82 are left.
  //   26 March: 29,654,740 + 342,482 * 30 = 39,929,200; / 3,650 = 10,939.51, so 10,940 - 8,125 = 28.15. Of 1,000.00: 28.15, 971.85; 2,452.97 are left.
  //   5 April: 39,929,200 + 2,452,970 = 42,382,170; / 3,650 = 11,611.55, so 11,612 - 10,940 = 6.72.
  // Interest is 116.12 instead of 149.28, the fee 19.83 less: 4,512.68 - 2,000.00 - 33.16 - 19.83 = 2,459.69.
  const after: Parts = [2_452_97, 6_72, 0, 0, 2_459_69]
  const late = { accountId, amount: 2_000_00, currency: 'CNY', receivedOn: '2026-02-04', receivedBy: 'agency', method: 'bankTransfer' }
  const asked = await w.ok<Rehearsal>(us, 'POST', '/v1/payments?dryRun=true', late)
  t.match(asked, {
    allocated: { principal: 1_982_63, interest: 17_37, total: 2_000_00 }, balance: { before: { total: 4_512_68 }, after: { total: 2_459_69 } },
    // Beside the payment itself: 33.16 of interest and 19.83 of fee are gone; what they had taken of later payments goes to principal.
    correction: { fromOn: '2026-02-04', moved: { total: -52_99 }, payments: [{ paymentId: second.id }, { paymentId: third.id }] },
  })
  await owes(before, 'asking changes nothing')
  t.same(await checkBooks(t, w, us, 'asking'), booksBefore)

  const arrived = await w.ok<{ id: string, allocated: Record<string, number> }>(us, 'POST', '/v1/payments', late)
  t.match(arrived, { allocated: { principal: 1_982_63, interest: 17_37 } })
  await owes(after, 'after the file')
  const paid = async (id: string) => (await w.ok<{ allocated: Record<string, number> }>(us, 'GET', `/v1/payments/${id}`)).allocated
  t.match(await paid(second.id), { penalty: 43_57, interest: 23_88, principal: 932_55 })
  t.match(await paid(third.id), { interest: 28_15, principal: 971_85 })

  // Commission: 192.00, 1,982.63 / 5 = 396.526, 932.55 / 5 = 186.51, 971.85 / 5 = 194.37: 969.41. What changed was given back whole and earned anew.
  t.equal(await earned(), 192_00 + 396_53 + 186_51 + 194_37)
  t.same((await story.commission(accountId)).map(([kind, , commission]) => [kind, commission]), [
    ['accrual', 192_00], ['accrual', 176_90], ['accrual', 191_03], ['accrual', 396_53], ['clawback', -176_90], ['accrual', 186_51], ['clawback', -191_03], ['accrual', 194_37],
  ])
  t.match(await checkBooks(t, w, us, 'after the file'), { 'D.INTEREST': 6_72, 'C.ACCRUED': -116_12, 'C.CHARGED': -43_57, 'T.BANK': 2_000_00, 'T.AGENCY': -409_48 })

  // The next statement: 2,000.00 collected; 396.53 earned on it, and 9.61 and 3.34 more on the two after it: 409.48. 1,590.52 are passed on. What was given
  // back of the invoice of March is a credit note of 367.93, what was earned anew is on the new invoice: 396.53 + 186.51 + 194.37 = 777.41.
  const april = await state('2026-04-05')
  t.match(april, { number: 2, openingHeld: march.closingHeld, fromOn: '2026-04-01', collected: 2_000_00, commission: 409_48, remitted: 1_590_52, closingHeld: 0 })
  const { data: bills } = await w.ok<{ data: { kind: string, commission: number }[] }>(bank, 'GET', '/v1/invoices')
  t.same(bills.map(({ kind, commission }) => [kind, commission]), [['invoice', 559_93], ['invoice', 777_41], ['creditNote', -367_93]])
  t.same(await w.ok(bank, 'GET', `/v1/statements/${march.id}`), march, 'what was issued stays as it was')
  t.match(await checkBooks(t, w, us, 'stated'), { 'T.BANK': 0, 'T.CLIENT': 0, 'T.AGENCY': 0 })

  // As it was on 1 March: 29,654,740 + 342,482 * 5 = 31,367,150; / 3,650 = 8,593.74, so 8,594 - 8,125 = 4.69.
  t.same(await story.owedAsOf(accountId, '2026-03-01'), [3_424_82, 4_69, 0, 0, 3_429_51])
  // As it was known then: 33,620,000 + 545,551 * 5 = 36,347,755; / 3,650 = 9,958.29, so 9,958 - 9,211 = 7.47.
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-03-01&knownAt=2026-03-02T00:00:00Z`), { balance: { principal: 5_455_51, interest: 7_47, penalty: 0 } })

  // One entry posted all of it, each line with the day it belongs to; what was charged before is superseded, not gone.
  const { data: [correction] } = await w.ok<{ data: { id: string, journalEntryId: string, charges: { kind: string, toOn: string, before: number, after: number }[] }[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)
  t.match(correction!.charges.find(({ kind }) => kind === 'lateFee'), { toOn: '2026-02-15', before: 63_40, after: 43_57 })
  const entries = (await w.ok<{ data: { id: string, kind: string, effectiveOn: string, lines: { on: string }[] }[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries?limit=200`)).data
  t.same(entries.filter(({ kind }) => kind === 'correction').map(({ id }) => id), [correction!.journalEntryId])
  t.ok(entries.find(({ kind }) => kind === 'correction')!.lines.every(({ on }) => on > '2026-02-04'), 'nothing before the late day moves')
  const charges = await w.ok<{ data: { kind: string, amount: number, supersededBy: string | null }[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)
  t.same(charges.data.filter(({ kind }) => kind === 'lateFee').map(({ amount, supersededBy }) => [amount, supersededBy]), [[63_40, correction!.id], [43_57, null]])
  t.match((await story.told(accountId, 'ledger.corrected')).map(({ data: { object } }) => object), [{ fromOn: '2026-02-04', cause: 'payment', moved: { total: -52_99 }, balance: { total: 2_459_69 } }])

  // What would settle it in ten days: 42,382,170 + 2,452,970 = 44,835,140; / 3,650 = 12,283.60, so 12,284 - 10,940 = 13.44.
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/payoff-quote?on=2026-04-15`), { balance: { principal: 2_452_97, interest: 13_44, total: 2_466_41 }, added: { interest: 6_72, total: 6_72 } })
  for (const on of ['2026-04-04', '2027-04-08']) t.match((await w.call(us, 'GET', `/v1/accounts/${accountId}/payoff-quote?on=${on}`)).json(), { status: 422, code: 'quote-day-refused' }, on)

  // The nights go on from there: 42,382,170 + 245,297 = 42,627,467; / 3,650 = 11,678.76, so 11,679 - 11,612 = 0.67.
  await story.morning('2026-04-06')
  await owes([2_452_97, 7_39, 0, 0, 2_460_36], 'the next night')

  // The bank takes it back, as if it had never come: 54,486,880 + 450,035 = 54,936,915; / 3,650 = 15,051.21, so 15,051 - 13,695 = 13.56.
  await story.reverse(arrived.id, '2026-02-04')
  await owes([4_500_35, 13_56, 0, 0, 4_513_91], 'as if it had never come')
  t.match(await paid(second.id), { penalty: 63_40, interest: 52_11, principal: 884_49 })
  t.equal(await earned(), 192_00 + 176_90 + 191_03)
  // It had been passed on: the lender owes trust its 1,590.52, the agency gives back its 409.48.
  await w.settle(us)
  t.match(await checkBooks(t, w, us, 'taken back'), { 'T.BANK': -2_000_00, 'T.CLIENT_DUE': 1_590_52, 'T.AGENCY': 409_48, 'C.ACCRUED': -150_51, 'C.CHARGED': -63_40 })
  t.match(await state('2026-04-06'), { number: 3, openingHeld: april.closingHeld, collected: -2_000_00, commission: -409_48, remitted: 0, closingHeld: -1_590_52 })
  t.same((await w.ok<{ data: Statement[] }>(bank, 'GET', '/v1/statements')).data.slice(0, 2), [march, april])
  t.same(w.failures, [])
})
