import { sql } from 'drizzle-orm'
import t from 'tap'
import { buckets, noBuckets } from '#kernel'
import { allParts, checkAdjustmentRepeat, checkOwed, closeCodeOf, takenOf } from '../../src/modules/adjustments/core.ts'
import type { AdjustmentFacts } from '../../src/modules/adjustments/core.ts'
import { checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

const owed = { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 }

t.test('what is taken is what was named, or one amount in the order of a payment; never more than is owed', async t => {
  const order = ['costs', 'penalty', 'interest', 'principal'] as const
  t.same(takenOf(owed, { parts: { principal: 245_00, costs: 40_00 } }, order), { ...noBuckets, principal: 245_00, costs: 40_00 })
  t.same(takenOf(owed, { amount: 100_00 }, order), { principal: 0, interest: 10_00, penalty: 50_00, costs: 40_00 })
  t.same(takenOf(owed, { amount: 1_120_00 }, order), owed, 'all of it')
  t.throws(() => takenOf(owed, { amount: 1_120_01 }, order), { code: 'more-than-owed' })
  for (const part of buckets) {
    t.doesNotThrow(() => checkOwed(owed, allParts({ [part]: owed[part] })))
    t.throws(() => takenOf(owed, { parts: { [part]: owed[part] + 1 } }, order), { code: 'more-than-owed' }, part)
  }
})

t.test('a repeat is a repeat only when all of it is the same', async t => {
  const known: AdjustmentFacts = { accountId: 'acc_1', kind: 'discount', effectiveOn: '2026-01-05', reason: 'settlement', authorizedBy: 'M-1', asked: { parts: { principal: 1, costs: 2 } } }
  t.doesNotThrow(() => checkAdjustmentRepeat(known, { ...known, asked: { parts: { costs: 2, principal: 1 } } }), 'in whatever order it was said')
  for (const other of [{ accountId: 'acc_2' }, { kind: 'writeOff' as const }, { effectiveOn: '2026-01-06' }, { reason: 'other' }, { authorizedBy: null }, { asked: { amount: 3 } }, { asked: { parts: { principal: 3 } } }, { asked: { raised: { principal: 1, costs: 2 } } }]) {
    t.throws(() => checkAdjustmentRepeat(known, { ...known, ...other }), { code: 'adjustment-duplicate' }, JSON.stringify(other))
  }
  t.same((['cost', 'discount', 'writeOff', 'balance', 'waiver'] as const).map(closeCodeOf), ['settledInFull', 'settledInFull', 'writtenOff', 'other', 'settledInFull'])
})

interface Adjustment { id: string, kind: string, moved: Record<string, number>, reversal: { reversedOn: string } | null, note: string | null, hasNote: boolean, chargeId: string | null, code?: string, status?: number }
interface Entry { id: string, kind: string, reversalOf: string | null, lines: { debit: string, credit: string, amount: number }[] }
const line = (debit: string, credit: string, amount: number) => ({ debit, credit, amount })

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const other = await w.lender(us)
  const on = '2026-01-05'
  const debt = async (more: object = {}, lender = bank) => await w.account(us, lender, { balance: owed, placedOn: on, ...more })
  const send = async (accountId: string, what: string, body: object, as: As = us): Promise<Adjustment> => await (await w.call(as, 'POST', `/v1/accounts/${accountId}/${what}`, { on, ...body })).json()
  const undo = async (id: string, reversedOn = on, as: As = us): Promise<Adjustment> => await (await w.call(as, 'POST', `/v1/adjustments/${id}/reverse`, { reversedOn })).json()
  const accountOf = async (accountId: string) => await w.ok<{ balance: Record<string, number>, closedAt: string | null }>(us, 'GET', `/v1/accounts/${accountId}`)
  const entriesOf = async (accountId: string) => (await w.ok<{ data: Entry[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries?limit=200`)).data
    .map(entry => ({ ...entry, lines: entry.lines.map(({ debit, credit, amount }) => ({ debit, credit, amount })) }))
  const pay = async (accountId: string, amount: number, more: object = {}) => await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: on, receivedBy: 'agency', method: 'cash', ...more })

  t.test('each moves the accounts that postings.json says, and its undoing is the exact opposite', async t => {
    const { accountId } = await debt()
    const table: [what: string, body: object, kind: string, entryKind: string, lines: object[], total: number][] = [
      ['costs', { amount: 40_00, reason: 'courtFee' }, 'cost', 'cost', [line('D.COSTS', 'C.CHARGED', 40_00), line('O.COSTS_ADVANCED', 'O.BANK', 40_00)], 40_00],
      ['discounts', { parts: { principal: 245_00 }, reason: 'settlement', authorizedBy: 'M-7' }, 'discount', 'discount', [line('C.DISCOUNTED', 'D.PRINCIPAL', 245_00)], -245_00],
      ['write-offs', { amount: 100_00, reason: 'uneconomical' }, 'writeOff', 'writeOff', [line('C.WRITTEN_OFF', 'D.PENALTY', 60_00), line('C.WRITTEN_OFF', 'D.COSTS', 40_00)].map((l, i) => i === 0 ? line('C.WRITTEN_OFF', 'D.INTEREST', 10_00) : l), -100_00],
      ['balance-adjustments', { raised: { interest: 5_00 }, lowered: { principal: 7_00 }, reason: 'lenderCorrection' }, 'balance', 'balanceAdjustment', [line('D.INTEREST', 'C.ADJUSTED', 5_00), line('C.ADJUSTED', 'D.PRINCIPAL', 7_00)], -2_00],
    ]
    for (const [what, body, kind, entryKind, lines, total] of table) {
      const before = (await accountOf(accountId)).balance
      const made = await send(accountId, what, body)
      t.match(made, { kind, moved: { total }, reversal: null }, what)
      const entry = (await entriesOf(accountId)).at(-1)!
      t.equal(entry.kind, entryKind)
      if (what === 'write-offs') t.same(entry.lines.map(({ debit }) => debit), ['C.WRITTEN_OFF', 'C.WRITTEN_OFF', 'C.WRITTEN_OFF'], 'costs, then penalty, then interest')
      else t.same(entry.lines, lines, what)
      t.equal((await accountOf(accountId)).balance['total'], before['total']! + total)
      await checkBooks(t, w, us, what)
      t.match(await undo(made.id), { id: made.id, reversal: { reversedOn: on } })
      const undoing = (await entriesOf(accountId)).at(-1)!
      t.match(undoing, { kind: 'adjustmentReversal', reversalOf: entry.id })
      t.same(undoing.lines, entry.lines.map(({ debit, credit, amount }) => line(credit, debit, amount)), `${what}: undone`)
      t.same((await accountOf(accountId)).balance, before)
      t.match(await undo(made.id), { status: 409, code: 'adjustment-already-reversed' })
    }
    await checkBooks(t, w, us, 'all undone')
    t.same((await w.ok<{ data: Adjustment[] }>(us, 'GET', `/v1/accounts/${accountId}/adjustments`)).data.map(({ kind, reversal }) => [kind, reversal !== null]), [['cost', true], ['discount', true], ['writeOff', true], ['balance', true]])
    const told = (await w.ok<{ data: { type: string, data: object }[] }>(us, 'GET', `/v1/accounts/${accountId}/timeline?limit=200`)).data.filter(({ type }) => type === 'account.balanceAdjusted')
    t.equal(told.length, 8)
    t.match(told[0], { data: { kind: 'balance', isReversal: true, moved: { principal: 7_00, interest: -5_00, total: 2_00 }, balance: { total: 1_120_00 } } })
  })

  t.test('a debt that owes nothing any more is closed for what closed it, and worked again when that is undone', async t => {
    for (const [what, body, closeCode] of [
      ['discounts', { amount: 1_120_00, reason: 'settlement', authorizedBy: 'M-1' }, 'settledInFull'], ['write-offs', { amount: 1_120_00, reason: 'deceased' }, 'writtenOff'], ['balance-adjustments', { lowered: owed, reason: 'error' }, 'other'],
    ] as const) {
      const { accountId, placementId } = await debt()
      const made = await send(accountId, what, body)
      t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed', closeCode })
      t.match(await send(accountId, 'costs', { amount: 1, reason: 'other' }), { status: 409, code: 'account-not-placed' })
      await undo(made.id)
      t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'active' })
      t.match(await accountOf(accountId), { balance: { total: 1_120_00 }, closedAt: null })
    }
    const recalled = await debt()
    const gone = await send(recalled.accountId, 'discounts', { amount: 1_00, reason: 'settlement', authorizedBy: 'M-1' })
    await w.ok(us, 'POST', `/v1/placements/${recalled.placementId}/recall`, {})
    t.match(await undo(gone.id), { code: 'account-not-placed' }, 'a debt that its lender took back is not touched any more')
    await checkBooks(t, w, us, 'closed and worked again')
  })

  t.test('no part goes below zero, and what has been paid cannot be taken away', async t => {
    const { accountId } = await debt()
    for (const part of buckets) t.match(await send(accountId, 'discounts', { parts: { [part]: owed[part] + 1 }, reason: 'settlement', authorizedBy: 'M-1' }), { status: 409, code: 'more-than-owed' }, part)
    t.match(await send(accountId, 'write-offs', { amount: 1_120_01, reason: 'other' }), { code: 'more-than-owed' })
    t.match(await send(accountId, 'balance-adjustments', { lowered: { penalty: 50_01 }, raised: { principal: 1 }, reason: 'error' }), { code: 'more-than-owed' })
    const cost = await send(accountId, 'costs', { amount: 25_00, reason: 'tracing' })
    await pay(accountId, 65_00)
    t.match(await undo(cost.id), { code: 'more-than-owed' }, '40.00 and 25.00 of costs are paid')
    t.match(await accountOf(accountId), { balance: { costs: 0, total: 1_080_00 } })
    await checkBooks(t, w, us, 'refused')
  })

  t.test('what cannot be is refused by name and leaves no trace', async t => {
    const { accountId } = await debt()
    const before = await entriesOf(accountId)
    const cost = { amount: 1_00, reason: 'courtFee' }
    t.match(await send(accountId, 'costs', { ...cost, on: '2026-01-04' }), { status: 422, code: 'adjustment-before-placement' })
    t.match(await send(accountId, 'costs', { ...cost, on: '2026-01-06' }), { status: 422, code: 'adjustment-in-future' })
    t.match(await send(strangeId('account'), 'costs', cost), { status: 404 })
    t.match(await send(accountId, 'discounts', { amount: 1_00, reason: 'settlement' }), { status: 400 }, 'a discount needs the lender\'s word')
    t.match(await send(accountId, 'discounts', { amount: 1_00, parts: { principal: 1 }, reason: 'settlement', authorizedBy: 'M' }), { status: 400 }, 'one or the other')
    t.match(await send(accountId, 'write-offs', { parts: {}, reason: 'other' }), { status: 400 })
    t.match(await send(accountId, 'balance-adjustments', { reason: 'error' }), { status: 400 })
    t.match(await send(accountId, 'costs', { ...cost, reason: 'settlement' }), { status: 400 })
    t.match(await undo(strangeId('adjustment')), { status: 404 })
    t.same(await entriesOf(accountId), before)
    const made = await send(accountId, 'costs', cost)
    t.match(await undo(made.id, '2026-01-04'), { status: 422, code: 'reversal-too-early' })
    t.match(await undo(made.id, '2026-01-06'), { status: 422, code: 'adjustment-in-future' })
  })

  t.test('a reference names it once with its lender, however often it is sent', async t => {
    const { accountId } = await debt()
    const body = { amount: 3_00, reason: 'service', reference: 'SV-1' }
    const first = await send(accountId, 'costs', body)
    t.equal((await send(accountId, 'costs', body)).id, first.id)
    t.match(await send(accountId, 'costs', { ...body, amount: 4_00 }), { status: 409, code: 'adjustment-duplicate' })
    t.match(await send(accountId, 'write-offs', { amount: 3_00, reason: 'other', reference: 'SV-1' }), { code: 'adjustment-duplicate' })
    t.match(await send((await debt({}, other)).accountId, 'costs', body), { kind: 'cost' }, 'another lender counts for itself')
    const many = await Promise.all(Array.from({ length: 6 }, async () => await send(accountId, 'costs', { ...body, reference: 'SV-2' })))
    t.equal(new Set(many.map(({ id }) => id)).size, 1, 'six at once are one')
    t.match(await accountOf(accountId), { balance: { costs: 46_00 } })
    const replies = await Promise.all(Array.from({ length: 5 }, async () => await undo(first.id)))
    t.equal(replies.filter(({ code }) => code === undefined).length, 1, 'and five undoings one')
    await checkBooks(t, w, us, 'repeats')
  })

  t.test('notes are sealed, and lenders read their own adjustments and make none', async t => {
    const { accountId } = await debt()
    const made = await send(accountId, 'costs', { amount: 1_00, reason: 'other', note: 'Met ZHANG at the court' })
    t.match(made, { hasNote: true, note: null })
    t.match(await w.ok(us, 'GET', `/v1/adjustments/${made.id}`), { note: 'Met ZHANG at the court' })
    t.match(await w.ok(bank, 'GET', `/v1/adjustments/${made.id}`), { hasNote: true, note: null, moved: { costs: 1_00 } })
    const { rows } = await w.tx(us, async tx => await tx.execute(sql`select a::text as whole, (select string_agg(data::text, '') from events) as events from adjustments a`))
    t.notMatch(JSON.stringify(rows), 'ZHANG')
    t.match((await w.call(other, 'GET', `/v1/adjustments/${made.id}`)).json(), { status: 404 })
    t.match(await send(accountId, 'costs', { amount: 1, reason: 'other' }, bank), { status: 403 })
    t.match(await undo(made.id, on, bank), { status: 403 })
    t.match(await undo(made.id, on, them), { status: 404 })
  })
  t.same(w.failures, [])
})

t.test('one dated back has the debt lived again, as a late payment has', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  // 1.00 a day on 1,000.00; 20 % of principal and interest.
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  const send = async (what: string, body: object): Promise<Adjustment> => await w.ok(us, 'POST', `/v1/accounts/${accountId}/${what}`, body)
  const balance = async () => (await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}`)).balance
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  // On the 15th 10.00 of interest: 110.00 settle it and 100.00 of principal.
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 110_00, currency: 'CNY', receivedOn: '2026-01-15', receivedBy: 'agency', method: 'cash' })
  await w.liveUntil(us, '2026-01-20T09:00:00Z')
  // 900.00 since the 16th: 4.50 by the 20th.
  const before = await balance()
  t.match(before, { principal: 900_00, interest: 4_50 })

  // It is found that the lender forwent 500.00 on the 10th: 0.50 a day from the 11th. 7.50 on the 15th, so 102.50 of principal; 397.50 left, five days: 1.99.
  const discount = await send('discounts', { parts: { principal: 500_00 }, on: '2026-01-10', reason: 'settlement', authorizedBy: 'M-7' })
  t.match(await balance(), { principal: 397_50, interest: 1_99 })
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}`), { allocated: { interest: 7_50, principal: 102_50 } })
  t.match((await w.ok<{ data: object[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data, [{ cause: 'adjustment', causeId: discount.id, fromOn: '2026-01-10' }])
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-01-12`), { balance: { principal: 500_00, interest: 6_00 } })
  await checkBooks(t, w, us, 'a late discount')

  // Undone for the same day, all is as it was; undone for the 17th, it held for seven days.
  await w.ok(us, 'POST', `/v1/adjustments/${discount.id}/reverse`, { reversedOn: '2026-01-10' })
  t.same(await balance(), before)
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}`), { allocated: { interest: 10_00, principal: 100_00 } })
  await checkBooks(t, w, us, 'undone on its day')
  const again = await send('discounts', { parts: { principal: 500_00 }, on: '2026-01-10', reason: 'settlement', authorizedBy: 'M-7' })
  await w.ok(us, 'POST', `/v1/adjustments/${again.id}/reverse`, { reversedOn: '2026-01-17' })
  // 0.3975 on the 16th and 17th, then 0.8975 on three days: 0.80 (0.795) and 2.69: 3.4875 in all.
  t.match(await balance(), { principal: 897_50, interest: 3_49 })
  await checkBooks(t, w, us, 'undone later')

  t.test('never more than was owed on its day', async t => {
    const reply = await w.call(us, 'POST', `/v1/accounts/${accountId}/write-offs`, { parts: { interest: 6_00 }, on: '2026-01-08', reason: 'other' })
    t.match(reply.json(), { code: 'more-than-owed', detail: /owed/ }, '3.00 of interest on the 8th')
  })

  t.test('undone today, what a late fact had cut down is undone as it stands', async t => {
    const debt = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 100_00, costs: 40_00 }, placedOn: '2026-01-15' })
    const path = `/v1/accounts/${debt.accountId}`
    const waived = await w.ok<{ id: string }>(us, 'POST', `${path}/discounts`, { parts: { costs: 40_00 }, on: '2026-01-19', reason: 'goodwill', authorizedBy: 'M-8' })
    // Late: 30.00 on the 18th settled costs; so the discount found 10.00.
    await w.ok(us, 'POST', '/v1/payments', { accountId: debt.accountId, amount: 30_00, currency: 'CNY', receivedOn: '2026-01-18', receivedBy: 'agency', method: 'cash' })
    t.match(await w.ok(us, 'GET', path), { balance: { costs: 0 } })
    await checkBooks(t, w, us, 'cut down')
    await w.ok(us, 'POST', `/v1/adjustments/${waived.id}/reverse`, { reversedOn: '2026-01-20' })
    t.match(await w.ok(us, 'GET', path), { balance: { costs: 10_00 } })
    await checkBooks(t, w, us, 'undone as it stands')
  })
  t.same(w.failures, [])
})

t.test('a charge is taken back on a day, and the waiver undone as any adjustment', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  const lender = await w.lender(us, { lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 1, amount: 25_00 }] })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  // The fee fell on the 7th. 100.00 on the 12th settled it and 75.00 of principal.
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 100_00, currency: 'CNY', receivedOn: '2026-01-12', receivedBy: 'agency', method: 'cash' })
  const [fee] = (await w.ok<{ data: { id: string, toOn: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/charges`)).data
  const waive = async (body: object) => (await w.call(us, 'POST', `/v1/charges/${fee!.id}/waive`, { reason: 'goodwill', ...body })).json<{ code?: string, waivedAt: string | null }>()
  t.match(fee, { toOn: '2026-01-07' })
  t.match(await waive({}), { code: 'charge-not-open' }, 'it is paid')
  t.match(await waive({ waivedOn: '2026-01-06' }), { code: 'waiver-too-early' })
  t.match(await waive({ waivedOn: '2026-01-16' }), { code: 'adjustment-in-future' })
  // On the 10th it was not paid yet: then all of the 100.00 were principal.
  t.match(await waive({ waivedOn: '2026-01-10' }), { waivedAt: String })
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}`), { allocated: { penalty: 0, principal: 100_00 } })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 900_00, penalty: 0 } })
  await checkBooks(t, w, us, 'waived late')
  t.match(await waive({}), { code: 'charge-already-waived' })
  const [waiver] = (await w.ok<{ data: Adjustment[] }>(us, 'GET', `/v1/accounts/${accountId}/adjustments`)).data
  t.match(waiver, { kind: 'waiver', chargeId: fee!.id, moved: { penalty: -25_00, total: -25_00 } })
  await w.ok(us, 'POST', `/v1/adjustments/${waiver!.id}/reverse`, { reversedOn: '2026-01-10' })
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}`), { allocated: { penalty: 25_00, principal: 75_00 } })
  t.match(await w.ok(us, 'GET', `/v1/charges/${fee!.id}`), { waivedAt: null })
  await checkBooks(t, w, us, 'the waiver undone')
  t.match(await waive({ waivedOn: '2026-01-10', reason: 'error' }), { waivedAt: String }, 'and it can be waived again')
  await checkBooks(t, w, us, 'waived again')
  t.same(w.failures, [])
})
