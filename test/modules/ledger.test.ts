import { and, eq, sql } from 'drizzle-orm'
import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, idOf, lessBuckets, minor, noBuckets } from '#kernel'
import type { Buckets, Id, Minor } from '#kernel'
import { lockAccount } from '../../src/modules/accounts/index.ts'
import { checkEntry, entryKinds, ledgerAccounts, movedBy, negated } from '../../src/modules/ledger/core.ts'
import type { Entry, Line } from '../../src/modules/ledger/core.ts'
import { claimAccounts, linesFor, post, reverse } from '../../src/modules/ledger/index.ts'
import { journalEntries, postings } from '../../src/modules/ledger/tables.ts'
import { newId } from '../../src/platform/index.ts'
import type { Tx } from '../../src/platform/index.ts'
import { pgError } from '../../src/platform/db/tx.ts'
import { strangeId, world } from '../world.ts'
import { life } from './ledger.rows.ts'

const bare = ({ debit, credit, amount }: Line): Line => ({ debit, credit, amount })
const entry = (lines: Line[]): Entry => ({ lenderId: idOf('lender', 'x'), accountId: null, kind: 'adjustment', causeId: 'x', effectiveOn: '2026-01-05', currency: 'CNY', lines })

t.test('an entry that moves nothing, or money between books, is a mistake of ours and stops the request', async t => {
  const mistakes: Line[][] = [
    [], [{ debit: 'D.PRINCIPAL', credit: 'C.PLACED', amount: 0 }], [{ debit: 'D.PRINCIPAL', credit: 'C.PLACED', amount: -1 }], [{ debit: 'D.PRINCIPAL', credit: 'D.PRINCIPAL', amount: 1 }],
    [{ debit: 'T.BANK', credit: 'C.PLACED', amount: 1 }], [{ debit: 'O.BANK', credit: 'T.BANK', amount: 1 }], [{ debit: 'D.COSTS', credit: 'O.BANK', amount: 1 }],
    [{ debit: 'D.PRINCIPAL', credit: 'C.PLACED', amount: 0.5 }],
  ]
  for (const lines of mistakes) t.throws(() => checkEntry(entry(lines)), JSON.stringify(lines))
  t.doesNotThrow(() => checkEntry(entry([{ debit: 'D.PRINCIPAL', credit: 'C.PLACED', amount: 1 }, { debit: 'T.BANK', credit: 'T.CLIENT', amount: 1 }])))
})

const amounts = fc.integer({ min: 1, max: 1_000_000_000 }).map(value => minor(value))
const anyLine = fc.record({ debit: fc.constantFrom(...ledgerAccounts), credit: fc.constantFrom(...ledgerAccounts), amount: amounts }, { noNullPrototype: true })
const anyParts = fc.record({ principal: fc.nat(), interest: fc.nat(), penalty: fc.nat(), costs: fc.nat() }, { noNullPrototype: true })

t.test('the opposite of an entry undoes exactly what it did, and its own opposite does it again', async t => {
  fc.assert(fc.property(fc.array(anyLine, { maxLength: 12 }), lines => {
    assert.deepEqual(movedBy([...lines, ...negated(lines)]), noBuckets)
    assert.deepEqual(negated(negated(lines)), lines)
  }), { numRuns: 200 })
  t.pass()
})

t.test('a sum carried to a debt line by line moves each part by its own amount', async t => {
  fc.assert(fc.property(anyParts, parts => {
    const lines = linesFor(parts, (claim, amount) => ({ debit: claim, credit: 'C.PLACED', amount }))
    assert(lines.every(({ amount }) => amount > 0), 'a part of zero has no line')
    assert.deepEqual(movedBy(lines), parts)
    assert.deepEqual(movedBy(negated(lines)), lessBuckets(noBuckets, parts))
  }), { numRuns: 200 })
  t.pass()
})

t.test('in the database', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)

  const place = async (parts: Partial<Buckets> = {}, by = bank) => (await w.account(us, by, { balance: { principal: 1_000_00, ...parts } })).accountId
  const charge = (accountId: Id<'account'>, lines: Line[], more: Partial<Entry> = {}): Entry =>
    ({ lenderId: bank.id, accountId, kind: 'cost', causeId: newId('charge'), effectiveOn: '2026-01-05', currency: 'CNY', lines, ...more })
  const give = async (accountId: Id<'account'>, lines: Line[], more: Partial<Entry> = {}) => (await w.tx(us, async tx => {
    await lockAccount(tx, accountId)
    return await post(tx, [charge(accountId, lines, more)])
  }))[0]!
  const owed = async (accountId: string, query = '') => (await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}/balance${query}`)).balance
  const cost = (amount: Minor): Line[] => [{ debit: 'D.COSTS', credit: 'C.CHARGED', amount }]
  /** The database's own refusal, and which of its rules refused. */
  const refusal = async (work: Promise<unknown>) => await work.then(() => ({ code: 'none', constraint: undefined }), error => pgError(error))

  t.test('a posting moves the balance with it, and the balance is the sum of its postings', async t => {
    const account = await place({ interest: 12_34 })
    await give(account, [...cost(40_00), { debit: 'D.PENALTY', credit: 'C.CHARGED', amount: 25_00 }])
    await give(account, [{ debit: 'C.COLLECTED_AGENCY', credit: 'D.INTEREST', amount: 12_34 }, { debit: 'C.COLLECTED_AGENCY', credit: 'D.PRINCIPAL', amount: 100_00 }, { debit: 'T.BANK', credit: 'T.CLIENT', amount: 112_34 }])
    const expected = { principal: 900_00, interest: 0, penalty: 25_00, costs: 40_00, total: 965_00 }
    t.same(await owed(account), expected)
    t.same(await owed(account, '?asOf=2026-01-05'), expected)
    const { data } = await w.ok<{ data: { kind: string, lines: Line[], currency: string }[] }>(us, 'GET', `/v1/accounts/${account}/journal-entries`)
    t.same(data.map(({ kind }) => kind), ['placement', 'cost', 'cost'])
    t.same(data[1]?.lines.map(bare), [...cost(40_00), { debit: 'D.PENALTY', credit: 'C.CHARGED', amount: 25_00 }], 'in the order they were posted')
  })

  t.test('several entries of several accounts are one act, and an account may be in more than one', async t => {
    const [first, second] = [await place(), await place()]
    await w.tx(us, async tx => {
      for (const id of [first, second]) await lockAccount(tx, id)
      await post(tx, [charge(first, cost(1_00)), charge(second, cost(2_00)), charge(first, cost(3_00))])
    })
    t.match(await owed(first), { costs: 4_00 })
    t.match(await owed(second), { costs: 2_00 })
  })

  t.test('no part of a debt goes below zero: the database refuses it, and nothing is kept', async t => {
    const account = await place({ interest: 5_00 })
    const tooMuch: Line[] = [{ debit: 'C.COLLECTED_AGENCY', credit: 'D.PRINCIPAL', amount: 1_000_00 }, { debit: 'C.COLLECTED_AGENCY', credit: 'D.INTEREST', amount: 5_01 }]
    t.match(await refusal(give(account, tooMuch)), { code: '23514', constraint: 'no bucket is negative' })
    t.match(await owed(account), { principal: 1_000_00, interest: 5_00 })
    t.match(await owed(account, '?asOf=2026-12-31'), { total: 1_005_00 })
  })

  t.test('one cause is posted once, however often a job runs', async t => {
    const account = await place()
    const causeId = newId('charge')
    await give(account, cost(1_00), { causeId })
    t.match(await refusal(give(account, cost(1_00), { causeId })), { code: '23505' })
    const race = await Promise.allSettled([1, 2].map(async () => await give(account, cost(2_00), { causeId: idOf('charge', '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e55') })))
    t.same(race.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    await give(account, cost(4_00), { causeId, kind: 'waiver' })
    t.match(await owed(account), { costs: 7_00 }, 'another kind of the same cause is another fact')
  })

  t.test('a reversal is the exact opposite of what was stored, once, and not before it', async t => {
    const account = await place({ interest: 10_00 })
    const paid = await give(account, [{ debit: 'C.COLLECTED_AGENCY', credit: 'D.INTEREST', amount: 10_00 }, { debit: 'C.COLLECTED_AGENCY', credit: 'D.PRINCIPAL', amount: 33_33 }, { debit: 'T.CLEARING', credit: 'T.CLIENT', amount: 43_33 }], { kind: 'payment', effectiveOn: '2026-01-04' })
    const undo = async (id: Id<'journalEntry'>, effectiveOn: string) => await w.tx(us, async tx => {
      await lockAccount(tx, account)
      return await reverse(tx, id, { kind: 'paymentReversal', causeId: newId('paymentReversal'), effectiveOn })
    })
    await t.rejects(undo(paid, '2026-01-03'), { code: 'reversal-too-early' })
    await t.rejects(undo(idOf('journalEntry', '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44'), '2026-01-05'), { code: 'not-found' })
    const race = await Promise.allSettled([1, 2].map(async () => await undo(paid, '2026-01-05')))
    t.same(race.map(({ status }) => status).sort(), ['fulfilled', 'rejected'])
    t.match(race.find(({ status }) => status === 'rejected'), { reason: { code: 'already-reversed' } }, 'two at once reverse it once')
    t.match(await refusal(w.tx(us, async tx => await post(tx, [charge(account, cost(1), { reversalOf: paid })]))), { code: '23505' }, 'even past the rule')
    t.match(await owed(account), { principal: 1_000_00, interest: 10_00, total: 1_010_00 })
    const { data } = await w.ok<{ data: { id: Id<'journalEntry'>, reversalOf: string | null, lines: Line[], effectiveOn: string }[] }>(us, 'GET', `/v1/accounts/${account}/journal-entries`)
    const [, original, reversal] = data
    t.match(reversal, { reversalOf: paid, effectiveOn: '2026-01-05' })
    t.same(reversal?.lines.map(bare), negated(original!.lines).map(bare))
    await undo(reversal!.id, '2026-01-05')
    t.match(await owed(account), { principal: 966_67, interest: 0 }, 'a reversal may be reversed in its turn')
  })

  t.test('nothing is changed or removed: the application has no right to', async t => {
    const account = await place()
    const mine = and(eq(journalEntries.tenantId, us.id), eq(journalEntries.accountId, account))
    const acts: ((tx: Tx) => Promise<unknown>)[] = [
      async tx => await tx.update(postings).set({ amount: 1 }).where(eq(postings.tenantId, us.id)), async tx => await tx.delete(postings).where(eq(postings.tenantId, us.id)),
      async tx => await tx.update(journalEntries).set({ effectiveOn: '2020-01-01' }).where(mine), async tx => await tx.delete(journalEntries).where(mine),
      async tx => await tx.execute(sql`truncate postings, journal_entries`), async tx => await tx.execute(sql`alter table postings disable row level security`),
    ]
    for (const act of acts) t.match(await refusal(w.tx(us, act)), { code: '42501' })
  })

  t.test('what was owed on a day, and what was known of it then, are two questions', async t => {
    const agency = await w.agency()
    const lender = await w.lender(agency)
    const { accountId } = await w.account(agency, lender, { balance: { principal: 500_00 } })
    const at = async (query: string) => (await w.ok<{ balance: { total: number } }>(agency, 'GET', `/v1/accounts/${accountId}/balance${query}`)).balance.total
    const pay = async (effectiveOn: string, amount: number) => await w.tx(agency, async tx => {
      await lockAccount(tx, accountId)
      await post(tx, [{ lenderId: lender.id, accountId, kind: 'payment', causeId: newId('payment'), effectiveOn, currency: 'CNY', lines: [{ debit: 'C.COLLECTED_DIRECT', credit: 'D.PRINCIPAL', amount }] }])
    })
    await w.liveUntil(agency, '2026-01-10T09:00:00Z')
    await pay('2026-01-10', 100_00)
    await w.liveUntil(agency, '2026-01-20T09:00:00Z')
    // The lender tells of it on the 20th: it was paid on the 7th.
    await pay('2026-01-07', 50_00)
    const expected: [string, number][] = [
      ['', 350_00], ['?asOf=2026-01-04', 0], ['?asOf=2026-01-06', 500_00], ['?asOf=2026-01-07', 450_00], ['?asOf=2026-01-10', 350_00],
      ['?knownAt=2026-01-15T00:00:00Z', 400_00], ['?asOf=2026-01-07&knownAt=2026-01-15T00:00:00Z', 500_00], ['?asOf=2026-01-07&knownAt=2026-01-20T09:00:00Z', 450_00],
      ['?knownAt=2026-01-20T16:59:59%2B08:00', 400_00], ['?knownAt=2026-01-01T00:00:00Z', 0],
    ]
    for (const [query, total] of expected) t.equal(await at(query), total, query)
    t.match((await w.call(agency, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-02-30`)).json(), { status: 400, errors: [{ pointer: '/query/asOf' }] })
  })

  t.test('a debt\'s whole life closes every book, and trust never mixes with what is ours', async t => {
    const agency = await w.agency()
    const lender = await w.lender(agency)
    const [first, ...others] = life
    const { accountId } = await w.account(agency, lender, { balance: { principal: 1_000_00 } })
    const nets = async () => new Map((await w.ok<{ data: { ledgerAccount: string, net: number }[] }>(agency, 'GET', `/v1/ledger/trial-balance?lenderId=${lender.id}`)).data.map(({ ledgerAccount, net }) => [ledgerAccount, net]))
    const check = async ([what, , , total, trustCash, lenderDue]: typeof life[number]) => {
      const net = await nets()
      const of = (...names: string[]) => names.reduce((sum, name) => sum + (net.get(name) ?? 0), 0)
      t.same([of(...Object.values(claimAccounts)), of('T.BANK', 'T.CLEARING'), -of('T.CLIENT')], [total, trustCash, lenderDue], what)
      for (const book of ['T', 'O', 'CD']) t.equal([...net].filter(([name]) => book.includes(name[0]!)).reduce((sum, [, value]) => sum + value, 0), 0, `${what}: book ${book} balances`)
      t.equal(of('O.DUE_FROM_TRUST') + of('T.AGENCY'), 0, `${what}: what is ours in trust is what we say is due from it`)
      t.equal((await w.ok<{ balance: { total: number } }>(agency, 'GET', `/v1/accounts/${accountId}`)).balance.total, total, `${what}: the account says the same`)
    }
    await check(first!)
    for (const [n, row] of others.entries()) {
      const [, kind, lines] = row
      t.ok(entryKinds.includes(kind))
      await w.tx(agency, async tx => {
        await lockAccount(tx, accountId)
        await post(tx, [{ lenderId: lender.id, accountId, kind, causeId: newId('operation'), effectiveOn: addDays('2026-01-05', n), currency: 'CNY', lines }])
      })
      await check(row)
    }
    const net = await nets()
    const left = [...net].filter(([name, value]) => value !== 0 && !name.startsWith('C.')).map(([name]) => name)
    t.same(left, ['O.BANK', 'O.COMMISSION_INCOME', 'O.VAT_OUTPUT'], 'nothing is left but what was earned, its tax, and the money itself')
    t.equal(net.get('O.BANK'), -(net.get('O.COMMISSION_INCOME')! + net.get('O.VAT_OUTPUT')!))
  })

  t.test('whatever is posted, stored balances are the fold of the lines', async t => {
    const agency = await w.agency()
    const lender = await w.lender(agency)
    const { accountId } = await w.account(agency, lender, { balance: { principal: 1_000_00 } })
    const parts = Object.values(claimAccounts)
    const act = fc.record({ claim: fc.constantFrom(...parts), amount: fc.integer({ min: 1, max: 600_00 }), isDebit: fc.boolean(), on: fc.integer({ min: 0, max: 30 }) }, { noNullPrototype: true })
    await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 6 }), async acts => {
      const lines = (one: typeof acts[number]): Line[] => one.isDebit ? [{ debit: one.claim, credit: 'C.ADJUSTED', amount: one.amount }] : [{ debit: 'C.ADJUSTED', credit: one.claim, amount: one.amount }]
      // Refused as a whole when any part would end below zero; then nothing may have moved.
      await w.tx(agency, async tx => {
        await lockAccount(tx, accountId)
        await post(tx, acts.map(one => ({ lenderId: lender.id, accountId, kind: 'adjustment' as const, causeId: newId('operation'), effectiveOn: addDays('2026-01-05', one.on), currency: 'CNY', lines: lines(one) })))
      }).catch(error => { if (pgError(error).code !== '23514') throw error })
      const stored = await w.ok<{ balance: Buckets }>(agency, 'GET', `/v1/accounts/${accountId}`)
      const folded = await w.ok<{ balance: Buckets }>(agency, 'GET', `/v1/accounts/${accountId}/balance?asOf=2030-01-01`)
      assert.deepEqual(folded.balance, stored.balance)
    }), { numRuns: 20 })
    t.pass()
  })

  t.test('a lender sees the balances of its own debts, nobody those of another agency, and the books are the agency\'s', async t => {
    const account = await place()
    t.equal((await w.call(bank, 'GET', `/v1/accounts/${account}/balance`)).statusCode, 200)
    for (const as of [rival, them]) t.equal((await w.call(as, 'GET', `/v1/accounts/${account}/balance`)).statusCode, 404)
    t.equal((await w.call(them, 'GET', `/v1/accounts/${account}/journal-entries`)).statusCode, 404)
    t.equal((await w.call(us, 'GET', `/v1/accounts/${strangeId('account')}/journal-entries`)).statusCode, 404)
    for (const path of [`/v1/accounts/${account}/journal-entries`, '/v1/ledger/trial-balance']) t.equal((await w.call(bank, 'GET', path)).statusCode, 403, path)
    t.same((await w.ok<{ data: unknown[] }>(them, 'GET', '/v1/ledger/trial-balance')).data, [])
    const first = await w.ok<{ data: { id: string }[], nextCursor: string | null }>(us, 'GET', `/v1/accounts/${account}/journal-entries?limit=1`)
    t.equal(first.nextCursor, null)
    await give(account, cost(1_00))
    const page = await w.ok<{ nextCursor: string }>(us, 'GET', `/v1/accounts/${account}/journal-entries?limit=1`)
    t.match(await w.ok(us, 'GET', `/v1/accounts/${account}/journal-entries?limit=1&cursor=${page.nextCursor}`), { data: [{ kind: 'cost' }], nextCursor: null })
  })
  t.same(w.failures, [])
})
