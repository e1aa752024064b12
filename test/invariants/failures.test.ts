import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Response } from 'light-my-request'
import t from 'tap'
import type { Test } from 'tap'
import { runJob } from '../../src/platform/jobs/run.ts'
import { world } from '../world.ts'
import type { World } from '../world.ts'
import { openFaults } from './faults.ts'
import type { Failure, Faults } from './faults.ts'
import { daysMax, history, rounds, runs, seed } from './history.ts'
import { checkEntries, checkLedger, ledgersOfLenders } from './ledgers.ts'
import { checkDebts, shown, tell } from './telling.ts'

t.setTimeout(600_000)
const w = await world()
const faults = await openFaults(w.url)
t.teardown(async () => {
  await faults.close()
  await w.close()
})
t.comment(`seed ${seed}: FC_SEED=${seed} fails in the same places`)

/** Tables whose rows say how work went, or when a key was used, and nothing of what was done. */
const unwatched = ['job_states', 'dead_letters', 'api_keys']

/** A hash of every row there is, table by table: a transaction that failed has left no trace. */
async function everything (but: readonly string[] = []): Promise<Record<string, string>> {
  const tables = await faults.query("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by relname")
  const names = tables.map(({ relname }) => String(relname)).filter(name => !unwatched.includes(name) && !but.includes(name))
  const [row] = await faults.query(`select ${names.map(name => `(select md5(coalesce(string_agg(r::text, '|' order by r::text), '')) from ${name} r) as ${name}`).join()}`)
  return row as Record<string, string>
}

/** What is half done: balances that are not the sum of their lines, charges and documents without theirs, and the other way round. */
const halves = async (): Promise<unknown[]> => await faults.query(`
  select 'balance' as what, a.id::text from accounts a cross join lateral (
    select coalesce(sum(c) filter (where n = 'D.PRINCIPAL'), 0) as principal, coalesce(sum(c) filter (where n = 'D.INTEREST'), 0) as interest, coalesce(sum(c) filter (where n = 'D.PENALTY'), 0) as penalty, coalesce(sum(c) filter (where n = 'D.COSTS'), 0) as costs
    from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id cross join lateral (values (p.debit, p.amount), (p.credit, -p.amount)) x (n, c) where e.tenant_id = a.tenant_id and e.account_id = a.id) f
    where a.principal <> f.principal or a.interest <> f.interest or a.penalty <> f.penalty or a.costs <> f.costs
  union all select 'payment', p.id::text from payments p where p.entry_id is not null and not exists (select from journal_entries e where e.tenant_id = p.tenant_id and e.id = p.entry_id)
  union all select 'entry of a payment', e.id::text from journal_entries e where e.kind = 'payment' and not exists (select from payments p where p.tenant_id = e.tenant_id and p.id = e.cause_id)
  union all select 'commission', p.id::text from payments p where not exists (select from commission_entries c where c.tenant_id = p.tenant_id and c.payment_id = p.id)
  union all select 'reversal', r.payment_id::text from payment_reversals r join payments p on p.tenant_id = r.tenant_id and p.id = r.payment_id where p.state <> 'reversed'
  union all select 'schedule', s.account_id::text from charge_schedules s where s.posted_interest <> (select coalesce(sum(c.amount), 0) from charges c where c.tenant_id = s.tenant_id and c.account_id = s.account_id and c.id > s.placement_id and c.kind = 'interest' and c.superseded_by is null)
  union all select 'remittance', e.id::text from journal_entries e where e.kind = 'remittance' and not exists (select from remittances r where r.tenant_id = e.tenant_id and r.entry_id = e.id)
  union all select 'statement', s.id::text from statements s where s.line_count <> (select count(*) from statement_lines l where l.tenant_id = s.tenant_id and l.statement_id = s.id)`)

/** A ledger as it will be once the job has made what was passed on, and is missing since, the lender's debt to trust. */
const covered = (ledger: Record<string, number>): Record<string, number> => ({ ...ledger, 'T.CLIENT': 0, 'T.CLIENT_DUE': (ledger['T.CLIENT_DUE'] ?? 0) + (ledger['T.CLIENT'] ?? 0) })

t.test('one command after another', async t => {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'UTC', now: '2026-01-05T09:00:00Z' })
  const bank = await w.lender(us, { commission: { base: ['principal', 'interest'], rate: '0.3', vatRate: '0.2' }, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' }, remittance: 'combined' })
  const [one, two] = [await w.account(us, bank, { timeZone: 'UTC', balance: { principal: 1_000_00 } }), await w.account(us, bank, { timeZone: 'UTC', balance: { principal: 800_00 } })]
  await w.liveUntil(us, '2026-01-12T09:00:00Z')

  const check = async (when: string, isShort = false): Promise<void> => {
    for (const [id, ledger] of await ledgersOfLenders({ w, us })) checkLedger(isShort ? covered(ledger) : ledger, `${id} ${when}`)
    assert.deepEqual(await halves(), [], `nothing is half done ${when}`)
  }

  /** Sends a request again and again under one key while it fails at every place in turn, until it gets through; then once more, and once with another body. */
  async function insist (t: Test, what: string, path: string, body: object, other: object, how: Failure, { isShort = false, hasEvents = true } = {}): Promise<Response> {
    const key = randomUUID()
    const send = async (of: object): Promise<Response> => await w.call(us, 'POST', path, of, { 'idempotency-key': key })
    const before = await everything()
    const status = how === 'disk' ? 500 : 503
    // What says nothing to anybody writes no event, and the commit cannot tell it from others.
    if (hasEvents) {
      await faults.failAtCommit(how)
      t.equal((await send(body)).statusCode, status, `${what} fails at the commit`)
      t.same(await everything(), before, 'and leaves no trace')
    }
    for (let at = 1; ; at++) {
      await faults.failAt(at, how)
      const reply = await send(body)
      await faults.heal()
      await check(`after ${what} failed at ${at}`, isShort)
      if (reply.statusCode < 300) {
        t.ok(at > 1, `${what}: failed before each of ${at - 1} changes, then got through`)
        const after = await everything()
        const again = await send(body)
        t.equal(again.headers['idempotency-replayed'], 'true')
        t.equal(again.body, reply.body, 'asked again, it answers the same')
        t.equal((await send(other)).statusCode, 422, 'asked for something else, it refuses')
        t.same(await everything(), after, 'and neither does anything')
        return reply
      }
      if (reply.statusCode !== status) t.fail(`${what} failed with ${reply.statusCode} ${reply.body}`)
      assert.deepEqual(await everything(), before, `${what} failed at ${at} and left a trace`)
    }
  }

  const payment = (accountId: string, amount: number, receivedOn: string, receivedBy = 'agency'): object => ({ accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })
  const idOfReply = (reply: Response): string => reply.json<{ id: string }>().id

  t.test('invariants 5, 6, 36 and 37: whatever fails, wherever in it, a command is done once or not at all', async t => {
    const first = idOfReply(await insist(t, 'a payment', '/v1/payments', payment(one.accountId, 300_00, '2026-01-12'), payment(one.accountId, 300_01, '2026-01-12'), 'connection'))
    await insist(t, 'a late payment', '/v1/payments', payment(one.accountId, 200_00, '2026-01-08', 'lender'), payment(one.accountId, 200_00, '2026-01-09', 'lender'), 'disk')
    const whole = idOfReply(await insist(t, 'a payment that settles the debt', '/v1/payments', payment(two.accountId, 900_00, '2026-01-12'), payment(two.accountId, 900_00, '2026-01-11'), 'shutdown'))
    await insist(t, 'an undoing that brings it back', `/v1/payments/${whole}/reverse`, { reason: 'nsf', reversedOn: '2026-01-12' }, { reason: 'refund', reversedOn: '2026-01-12' }, 'connection')
    t.match((await w.call(us, 'POST', `/v1/payments/${whole}/reverse`, { reason: 'nsf', reversedOn: '2026-01-12' })).json(), { code: 'payment-already-reversed' }, '6: undone once')
    await w.settle(us)
    await insist(t, 'a remittance asked for', '/v1/remittance-runs', { lenderId: bank.id, through: '2026-01-12' }, { through: '2026-01-12' }, 'disk', { hasEvents: false })
    await w.settle(us)
    const [invoice] = (await w.ok<{ data: { id: string, open: number }[] }>(us, 'GET', '/v1/invoices')).data
    t.equal(invoice!.open, 0, 'what was due for the direct payment was kept')
    await insist(t, 'an undoing after it was passed on', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-12' }, { reason: 'nsf', reversedOn: '2026-01-13' }, 'disk', { isShort: true })
    await w.settle(us)
    await check('at rest')
    const [charge] = (await w.ok<{ data: { id: string }[] }>(us, 'GET', `/v1/accounts/${two.accountId}/charges`)).data
    await insist(t, 'a waiver', `/v1/charges/${charge!.id}/waive`, { reason: 'goodwill' }, { reason: 'error' }, 'connection')
    await insist(t, 'a recall', `/v1/placements/${two.placementId}/recall`, {}, { reason: 'other' }, 'disk')
    await check('at the end')
  })

  t.test('a transaction that lost a race is done again by itself, once', async t => {
    const count = async (): Promise<number> => Number((await faults.query('select count(*) as n from payments'))[0]!['n'])
    for (let at = 1; at <= 14; at++) {
      const before = await count()
      await faults.failAt(at, 'race')
      t.equal((await w.call(us, 'POST', '/v1/payments', payment(one.accountId, 1, '2026-01-12'))).statusCode, 201)
      await faults.heal()
      t.equal(await count(), before + 1)
    }
    await check('after races')
    await w.settle(us)
  })
})

t.test('jobs: a night, a remittance and a shortfall that fail anywhere are done whole when they are tried again', async t => {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'UTC', now: '2026-01-05T09:00:00Z' })
  const bank = await w.lender(us, { commission: { base: ['principal', 'interest'], rate: '0.3', vatRate: '0.2' }, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 0, amount: 5_00 }] })
  const debts = await Promise.all(Array.from({ length: 5 }, async () => (await w.account(us, bank, { timeZone: 'UTC', balance: { principal: 1_000_00 } })).accountId))
  await w.settle(us)
  const tenant = us.id.slice(us.id.indexOf('_') + 1)

  /** Has a job fail at every place in turn until it gets through; answers the states in which the books were left, without repeats. */
  async function fail (t: Test, job: string, how: Failure, but: readonly string[] = []): Promise<string[]> {
    const states = [JSON.stringify(await everything(but))]
    for (let at = 1; ; at++) {
      await faults.failAt(at, how)
      await runJob(w.machine, job, us.id, 10_000)
      const hasStruck = await faults.hasStruck()
      await faults.heal()
      await faults.forgetRetries()
      for (const [id, ledger] of await ledgersOfLenders({ w, us })) checkLedger(ledger, `${id} after ${job} failed at ${at}`)
      assert.deepEqual(await halves(), [], `${job} failed at ${at} and left halves`)
      const state = JSON.stringify(await everything(but))
      if (!states.includes(state)) states.push(state)
      if (!hasStruck) {
        t.ok(at > 1, `${job}: failed before each of ${at - 1} changes`)
        w.failures.length = 0
        return states
      }
    }
  }

  await faults.query(`update tenants set clock_at = '2026-01-08T09:00:00Z' where tenant_id = '${tenant}'::uuid`)
  await fail(t, 'charges.accrueNightly', 'disk')
  for (const accountId of debts) t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_000_00, interest: 3_00, penalty: 5_00 } }, 'three days at 1.00, and one late fee')
  await w.settle(us)

  const paid: string[] = []
  for (const accountId of debts.slice(0, 2)) paid.push((await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 408_00, currency: 'CNY', receivedOn: '2026-01-08', receivedBy: 'agency', method: 'cash' })).id)
  await w.ok(us, 'POST', '/v1/remittance-runs', { lenderId: bank.id, through: '2026-01-08' })
  const left = await fail(t, 'remittances.doRuns', 'connection', ['remittance_runs'])
  t.equal(left.length, 2, 'the books were as before, or as after, and never in between')
  t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', '/v1/statements')).data.length, 1)
  await w.settle(us)

  await w.ok(us, 'POST', `/v1/payments/${paid[0]!}/reverse`, { reason: 'nsf', reversedOn: '2026-01-08' })
  await w.settle(us)
  for (const [id, ledger] of await ledgersOfLenders({ w, us })) checkLedger(ledger, `${id} at the end`)
  // 408.00 less 5.00 of a fee earn 30 % of 403.00 and a fifth on it: 145.08; the lender had 262.92 of it.
  t.match((await w.ok<{ data: { ledgerAccount: string, net: number }[] }>(us, 'GET', '/v1/ledger/trial-balance')).data.filter(({ ledgerAccount }) => ledgerAccount === 'T.CLIENT_DUE'), [{ net: 262_92 }])
  t.same(w.failures, [])
})

/** A world whose callers do not give up: they send the same request under the same key until it is answered, and jobs that failed are tried again. */
function stubborn (w: World, faults: Faults): World & { retried (): number } {
  let retries = 0
  const call: World['call'] = async (as, method, url, body, headers = {}) => {
    const key = { 'idempotency-key': randomUUID() }
    for (;;) {
      const reply = await w.call(as, method, url, body, method === 'GET' ? headers : { ...key, ...headers })
      if (reply.statusCode < 500) return reply
      retries++
    }
  }
  const ok: World['ok'] = async (as, method, url, body) => {
    const reply = await call(as, method, url, body)
    if (reply.statusCode >= 300) throw new Error(`${method} ${url}: ${reply.statusCode} ${reply.body}`)
    return reply.json<never>()
  }
  const settle: World['settle'] = async tenant => {
    for (let failed = -1; failed !== w.failures.length;) {
      failed = w.failures.length
      await faults.forgetRetries()
      await w.settle(tenant).catch(() => { w.failures.push({ job: 'settle', error: null }) })
    }
  }
  return {
    ...w, call, ok, settle, retried: () => retries,
    async liveUntil (tenant, to) {
      await settle(tenant)
      await ok(tenant, 'POST', `/v1/test-clocks/${tenant.testClockId!}/advance`, { to })
      const id = tenant.id.slice(tenant.id.indexOf('_') + 1)
      const isThere = async (): Promise<boolean> => (await faults.query(`select from test_clocks where tenant_id = '${id}'::uuid and target_at is not null`)).length === 0
      while (!await isThere()) {
        await faults.forgetRetries()
        await runJob(w.machine, 'tenants.advanceTestClocks', tenant.id, 60_000).catch(() => undefined)
      }
      await settle(tenant)
    },
  }
}

t.test('invariants 5, 6, 36 and 37: histories that fail now and then, with callers and jobs that try again, come to what the auditor says', async t => {
  const histories = fc.sample(history, { numRuns: Math.max(8, Math.ceil(runs / 40)), seed })
  const [quiet] = fc.sample(rounds, { numRuns: 1, seed })
  t.teardown(faults.heal)
  const brave = stubborn(w, faults)
  const told = await tell(brave, histories, quiet!, async () => { await faults.failNowAndThen(0.03, 'connection') })
  await faults.heal()
  await w.settle(told.house.us)
  const failed = w.failures.length
  await checkDebts(told)
  await checkEntries(told.house)
  t.same(told.faults.slice(0, 3).map(({ of, message }) => `${message} ${of === null ? '' : shown(of)}`), [])
  t.same(await halves(), [])
  t.same(await faults.query('select job, error from dead_letters'), [], 'nothing is given up')
  t.ok(failed + brave.retried() > daysMax, `${failed} slices of work and ${brave.retried()} requests failed`)
  w.failures.length = 0
})

t.test('invariants 5, 6, 36 and 37: eight at once', async t => {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'UTC', now: '2026-01-05T09:00:00Z' })
  const bank = await w.lender(us, { commission: { base: ['principal'], rate: '0.3', vatRate: '0.2' }, remittance: 'combined' })
  const accounts = await Promise.all(Array.from({ length: 3 }, async () => (await w.account(us, bank, { timeZone: 'UTC', balance: { principal: 100_000_00 } })).accountId))
  await w.settle(us)
  const eight = async <T>(work: (i: number) => Promise<T>): Promise<T[]> => await Promise.all(Array.from({ length: 8 }, async (_, i) => await work(i)))
  const payment = (i: number, more: object = {}): object => ({ accountId: accounts[i % 3]!, amount: 100_00 + i, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: i % 4 === 3 ? 'lender' : 'agency', method: 'cash', ...more })
  const tenant = us.id.slice(us.id.indexOf('_') + 1)
  const count = async (): Promise<number> => Number((await faults.query(`select count(*) as n from payments where tenant_id = '${tenant}'::uuid`))[0]!['n'])
  const check = async (when: string): Promise<void> => {
    await w.settle(us)
    for (const [id, ledger] of await ledgersOfLenders({ w, us })) checkLedger(ledger, `${id} ${when}`)
    assert.deepEqual(await halves(), [], when)
  }

  t.test('one key is one payment, whoever sends it how often', async t => {
    for (let round = 0; round < 10; round++) {
      const before = await count()
      const key = randomUUID()
      const replies = await eight(async () => await w.call(us, 'POST', '/v1/payments', payment(round), { 'idempotency-key': key }))
      t.equal(await count(), before + 1)
      t.ok(replies.every(({ statusCode }) => statusCode === 201 || statusCode === 409))
      t.equal(new Set(replies.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body)).size, 1)
      t.same(new Set(replies.filter(({ statusCode }) => statusCode === 409).map(reply => reply.json<{ code: string }>().code)), new Set(replies.some(({ statusCode }) => statusCode === 409) ? ['idempotency-in-progress'] : []))
    }
    await check('after one key')
  })

  t.test('one key with other bodies is one of them, and the others are refused', async t => {
    const before = await count()
    const key = randomUUID()
    const replies = await eight(async i => await w.call(us, 'POST', '/v1/payments', payment(0, { amount: 50_00 + i }), { 'idempotency-key': key }))
    t.equal(await count(), before + 1)
    t.equal(replies.filter(({ statusCode }) => statusCode === 201).length, 1)
    await check('after one key for many')
  })

  t.test('one reference is one payment, under whatever keys it comes', async t => {
    for (let round = 0; round < 5; round++) {
      const before = await count()
      const replies = await eight(async () => await w.call(us, 'POST', '/v1/payments', payment(round, { reference: `R-${round}` })))
      t.equal(await count(), before + 1)
      t.same(new Set(replies.map(reply => `${reply.statusCode} ${reply.json<{ id: string }>().id}`)).size, 1)
    }
    await check('after one reference')
  })

  t.test('payments, undoings, remittances and nights at once, on the same debts, while some fail', async t => {
    await faults.failNowAndThen(0.01, 'connection')
    const brave = stubborn(w, faults)
    const undone = new Map<string, number>()
    await eight(async i => {
      for (let n = 0; n < 12; n++) {
        const { id } = await brave.ok<{ id: string }>(us, 'POST', '/v1/payments', payment(i * 12 + n))
        if (n % 3 === 0) await brave.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-05' })
        if (n % 2 === 0) {
          // Two at once, under keys of their own.
          const replies = await Promise.all([1, 2].map(async () => await brave.call(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })))
          undone.set(id, replies.filter(({ statusCode }) => statusCode === 200).length)
        }
        await runJob(w.machine, ['remittances.doRuns', 'charges.followPlacements'][n % 2]!, us.id).catch(() => undefined)
      }
    })
    await faults.heal()
    await faults.forgetRetries()
    t.same(new Set(undone.values()), new Set([1]), '6: each is undone once')
    await brave.settle(us)
    await check('after all at once')
    const [sums] = await faults.query(`select (select sum(amount) from payments where tenant_id = '${tenant}'::uuid and state = 'posted' and received_by = 'agency')::text as paid,
      (select sum(case when 'T.BANK' = debit then amount else -amount end) from postings where tenant_id = '${tenant}'::uuid and 'T.BANK' in (debit, credit))::text as bank,
      (select coalesce(sum(amount), 0) from remittances where tenant_id = '${tenant}'::uuid)::text as sent,
      (select coalesce(sum(amount), 0) from postings where tenant_id = '${tenant}'::uuid and debit = 'O.BANK' and credit = 'O.DUE_FROM_TRUST')::text as swept`)
    const { paid, bank: atBank, sent, swept } = sums!
    t.equal(Number(atBank), Number(paid) - Number(sent) - Number(swept), '36: at the bank is what came in and is neither passed on nor taken out')
    w.failures.length = 0
  })
  t.same(w.failures, [])
})
