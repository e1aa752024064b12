import t from 'tap'
import { faultsOf, restatement, termEndsOn } from '../../src/modules/placements/core.ts'
import type { DebtFacts } from '../../src/modules/placements/core.ts'
import { noBuckets } from '../../src/kernel/index.ts'
import { aDebt, strangeId, world } from '../world.ts'

const facts: DebtFacts = { currency: 'CNY', timeZone: 'Asia/Shanghai', dueOn: '2025-12-20', placedOn: '2026-01-05', balance: { principal: 1 } }

t.test('a debt that contradicts itself is refused at the place of the contradiction', async t => {
  const refused = (change: Partial<DebtFacts>): string[] => faultsOf({ ...facts, ...change }, '2026-01-05').map(({ type, violation }) => `${type.code} ${violation.pointer}`)
  t.same(refused({}), [])
  t.same(refused({ dueOn: '2026-03-01' }), [], 'a debt may be placed before it is due')
  t.same(refused({ currency: 'XXX' }), ['currency-unknown /currency'])
  t.same(refused({ contractOn: '2025-12-21' }), ['days-out-of-order /contractOn'], 'due before it was made')
  t.same(refused({ contractOn: '2026-01-06', dueOn: '2026-02-01' }), ['days-out-of-order /contractOn'], 'placed before it was made')
  t.same(refused({ placedOn: '2026-01-06' }), ['days-out-of-order /placedOn'], 'placed on a day to come')
  t.same(refused({ balance: { principal: 0, costs: 0 } }), ['balance-refused /balance'], 'nothing is owed')
  t.same(refused({ balance: { principal: Number.MAX_SAFE_INTEGER, interest: 1 } }), ['balance-refused /balance'], 'more than can be counted')
})

t.test('a restatement raises and lowers part by part, so that what is owed is what the lender says', async t => {
  t.same(restatement({ ...noBuckets, principal: 100, interest: 50 }, { ...noBuckets, principal: 70, interest: 60, costs: 5 }), {
    raised: { principal: 0, interest: 10, penalty: 0, costs: 5 }, lowered: { principal: 30, interest: 0, penalty: 0, costs: 0 },
  })
  t.equal(termEndsOn('2026-01-05', 180), '2026-07-04')
})

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)

  type Placed = { id: string, accountId: string, state: string, placementNumber: number }
  const place = async (input: object = {}) => await w.ok<Placed>(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), ...input })
  const balanceOf = async (accountId: string) => (await w.ok<{ balance: { total: number } }>(us, 'GET', `/v1/accounts/${accountId}`)).balance
  const claims = async (accountId: string) => (await w.ok<{ data: { kind: string, lines: { debit: string, credit: string, amount: number }[] }[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries`)).data
    .map(({ kind, lines }) => `${kind} ${lines.map(({ debit, credit, amount }) => `${debit}<-${credit} ${amount}`).join(' ')}`)
  const eventsOf = async (accountId: string) => (await w.ok<{ data: { type: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/timeline`)).data.map(({ type }) => type).reverse()

  t.test('a debt placed is an active placement that owes what the lender said', async t => {
    const placed = await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), balance: { principal: 1_000_00, interest: 12_34 } })
    t.equal(placed.statusCode, 201, placed.body)
    t.match(placed.json(), { state: 'active', placementNumber: 1, lenderId: bank.id, agreementId: bank.agreementId, placedOn: '2026-01-05', termEndsOn: '2026-07-04', closeCode: null, batchId: null })
    const { accountId, id } = placed.json<Placed>()
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_000_00, interest: 12_34, total: 1_012_34 }, stage: 'early', closedAt: null })
    t.match(await w.ok(us, 'GET', `/v1/placements/${id}`), { id, accountId })
    t.same(await claims(accountId), ['placement D.PRINCIPAL<-C.PLACED 100000 D.INTEREST<-C.PLACED 1234'])
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-01-05`), { balance: { total: 1_012_34 } })
    t.same(await eventsOf(accountId), ['placement.activated'])
    t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)).data.length, 1)
  })

  t.test('the day of a placement is the day it is where the debt is, and never a day to come', async t => {
    // 09:00 UTC on 5 January: still the 4th in Honolulu's evening, already 23:00 in Auckland's.
    t.match(await place({ timeZone: 'Pacific/Kiritimati' }), { placedOn: '2026-01-05' })
    t.match(await place({ timeZone: 'Pacific/Honolulu' }), { placedOn: '2026-01-04' })
    t.match((await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), timeZone: 'Pacific/Honolulu', placedOn: '2026-01-05' })).json(), { code: 'days-out-of-order' })
    t.match(await place({ placedOn: '2025-11-01', dueOn: '2025-12-20' }), { placedOn: '2025-11-01' }, 'before it is due')
  })

  t.test('what is wrong with a debt is named, and nothing of it is kept', async t => {
    const [party] = aDebt().parties
    const phone = { ...party!, contactPoints: [{ channel: 'phone' as const, value: '13800138000' }] }
    const cases: [change: object, status: number, code: string, pointer: string][] = [
      [{ currency: 'XXX' }, 422, 'currency-unknown', '/currency'],
      [{ currency: 'USD' }, 422, 'agreement-missing', '/currency'],
      [{ agreementId: strangeId('agreement') }, 422, 'agreement-missing', '/currency'],
      [{ agreementId: rival.agreementId }, 422, 'agreement-missing', '/currency'],
      [{ timeZone: 'Mars/Olympus' }, 422, 'time-zone-unknown', '/timeZone'],
      [{ contractOn: '2025-12-21' }, 422, 'days-out-of-order', '/contractOn'],
      [{ placedOn: '2026-01-06' }, 422, 'days-out-of-order', '/placedOn'],
      [{ balance: { principal: 0 } }, 422, 'balance-refused', '/balance'],
      [{ balance: { principal: 9_007_199_254_740_991, costs: 1 } }, 422, 'balance-refused', '/balance'],
      [{ parties: [{ ...party!, role: 'contactOnly' }] }, 422, 'nobody-liable', '/parties'],
      [{ parties: [phone] }, 422, 'contact-point-refused', '/parties/0/contactPoints/0/value'],
      [{ parties: [{ ...phone, contactPoints: [{ channel: 'email', value: 'nobody@' }] }] }, 422, 'contact-point-refused', '/parties/0/contactPoints/0/value'],
      [{ parties: [] }, 400, 'invalid-request', '/parties'],
      [{ dueOn: '2025-02-30' }, 400, 'invalid-request', '/dueOn'],
      [{ balance: { principal: -1 } }, 400, 'invalid-request', '/balance/principal'],
      [{ lenderReference: 'x'.repeat(101) }, 400, 'invalid-request', '/lenderReference'],
      [{ amount: 1 }, 400, 'invalid-request', '/amount'],
      [{ lenderId: strangeId('lender') }, 404, 'not-found', '/lenderId'],
    ]
    for (const [change, status, code, pointer] of cases) {
      const reply = await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), lenderReference: 'REFUSED', ...change })
      t.match(reply.json(), { status, code, errors: [{ pointer }] }, `${JSON.stringify(change).slice(0, 60)}: ${reply.body}`)
    }
    t.same((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/accounts?lenderId=${bank.id}&lenderReference=REFUSED`)).data, [])
  })

  t.test('every contradiction is named at once, so that one correction is enough', async t => {
    const reply = await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), timeZone: 'Mars/Olympus', balance: { principal: 0 }, contractOn: '2025-12-24' })
    t.same(reply.json<{ errors: { pointer: string }[] }>().errors.map(({ pointer }) => pointer), ['/timeZone', '/contractOn', '/balance'])
  })

  t.test('a reference is placed once at a time, and the open account is named to its own lender', async t => {
    const input = aDebt()
    const placed = await place(input)
    const again = await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...input })
    t.match(again.json(), { status: 409, code: 'placement-duplicate', detail: `accountId: ${placed.accountId}` })
    t.equal((await w.call(us, 'POST', '/v1/placements', { lenderId: rival.id, ...input })).statusCode, 201, 'another lender may have the same number')
  })

  t.test('of many at once one places a reference', async t => {
    const input = aDebt()
    const replies = await Promise.all(Array.from({ length: 6 }, async () => await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...input })))
    t.same(replies.map(({ statusCode }) => statusCode).sort(), [201, 409, 409, 409, 409, 409])
    const placed = replies.find(({ statusCode }) => statusCode === 201)!.json<Placed>()
    t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/accounts/${placed.accountId}/parties`)).data.length, 1, 'and one set of parties')
  })

  t.test('a second hand-over goes on under the next number and owes exactly what the lender says now', async t => {
    const input = aDebt()
    const first = await place({ ...input, balance: { principal: 900_00, interest: 100_00 } })
    await w.ok(us, 'POST', `/v1/placements/${first.id}/close`, { closeCode: 'untraceable' })
    t.match(await balanceOf(first.accountId), { total: 1_000_00 }, 'what could not be recovered is still seen')
    t.match((await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...input, currency: 'USD' })).json(), { code: 'agreement-missing' })
    const second = await place({ ...input, balance: { principal: 800_00, interest: 150_00, costs: 20_00 }, product: 'mortgage' })
    t.match(second, { accountId: first.accountId, placementNumber: 2, state: 'active' })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${first.accountId}`), { closedAt: null, product: 'mortgage', balance: { principal: 800_00, interest: 150_00, costs: 20_00, total: 970_00 } })
    t.same((await claims(first.accountId)).slice(1), ['adjustment D.INTEREST<-C.ADJUSTED 5000 D.COSTS<-C.ADJUSTED 2000 C.ADJUSTED<-D.PRINCIPAL 10000'])
    t.match(await w.ok(us, 'GET', `/v1/accounts/${first.accountId}/balance?asOf=2026-01-05`), { balance: { total: 970_00 } }, 'the journal agrees')
    t.same(await eventsOf(first.accountId), ['placement.activated', 'placement.closed', 'placement.activated'])
    t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/accounts/${first.accountId}/parties`)).data.length, 1, 'the parties are those named now')
    t.match((await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...input })).json(), { code: 'placement-duplicate' })
  })

  t.test('a debt is not placed again in another currency', async t => {
    await w.ok(us, 'POST', `/v1/lenders/${bank.id}/agreements`, { currency: 'EUR', effectiveOn: '2000-01-01', terms: (await w.ok<{ terms: object }>(us, 'GET', `/v1/agreements/${bank.agreementId}`)).terms })
    const input = aDebt()
    const first = await place(input)
    await w.ok(us, 'POST', `/v1/placements/${first.id}/return`)
    t.match((await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...input, currency: 'EUR' })).json(), { status: 409, code: 'currency-changed' })
  })

  t.test('a recall takes what is owed out of the books, a return leaves it', async t => {
    const recalled = await place({ balance: { principal: 500_00, costs: 10_00 } })
    t.match(await w.ok(us, 'POST', `/v1/placements/${recalled.id}/recall`), { state: 'recalled', endedAt: '2026-01-05T09:00:00Z' })
    t.match(await balanceOf(recalled.accountId), { total: 0 })
    t.same((await claims(recalled.accountId)).slice(1), ['recall C.RECALLED<-D.PRINCIPAL 50000 C.RECALLED<-D.COSTS 1000'])
    const returned = await place()
    await w.ok(us, 'POST', `/v1/placements/${returned.id}/return`)
    t.match(await balanceOf(returned.accountId), { total: 1_000_00 })
    for (const { id } of [recalled, returned]) {
      for (const step of ['recall', 'return', 'accept', 'decline']) t.match((await w.call(us, 'POST', `/v1/placements/${id}/${step}`)).json(), { status: 409, code: 'placement-state-refused' })
    }
  })

  t.test('an agreement that does not accept by itself makes an offer, and the agency decides', async t => {
    const careful = await w.lender(us, { autoAccept: false })
    const offer = async () => await w.ok<Placed>(us, 'POST', '/v1/placements', { lenderId: careful.id, ...aDebt() })
    const taken = await offer()
    t.equal(taken.state, 'offered')
    t.match((await w.call(us, 'POST', `/v1/placements/${taken.id}/close`, { closeCode: 'other' })).json(), { code: 'placement-state-refused' })
    t.match(await w.ok(us, 'POST', `/v1/placements/${taken.id}/accept`), { state: 'active', endedAt: null })
    t.same(await eventsOf(taken.accountId), ['placement.offered', 'placement.activated'])
    const refused = await offer()
    t.match(await w.ok(us, 'POST', `/v1/placements/${refused.id}/decline`), { state: 'declined' })
    t.match(await w.ok<{ data: Placed[] }>(us, 'GET', `/v1/placements?lenderId=${careful.id}&state=declined`), { data: [{ id: refused.id }] })
    t.equal((await w.ok<{ data: Placed[] }>(us, 'GET', `/v1/placements?lenderId=${careful.id}&state=offered`)).data.length, 0)
    t.match(await w.ok<{ data: Placed[] }>(us, 'GET', `/v1/placements?accountId=${refused.accountId}`), { data: [{ id: refused.id }] })
  })

  t.test('a lender places and recalls its own debts, and no others exist for it', async t => {
    const mine = await w.ok<Placed>(bank, 'POST', '/v1/placements', aDebt())
    t.match(await w.ok(bank, 'GET', `/v1/placements/${mine.id}`), { lenderId: bank.id })
    t.match((await w.call(bank, 'POST', '/v1/placements', { lenderId: rival.id, ...aDebt() })).json(), { status: 404 })
    t.match((await w.call(us, 'POST', '/v1/placements', aDebt())).json(), { status: 404, errors: [{ pointer: '/lenderId' }] }, 'the agency says for whom')
    const theirs = await w.ok<Placed>(rival, 'POST', '/v1/placements', aDebt())
    t.equal((await w.call(bank, 'GET', `/v1/placements/${theirs.id}`)).statusCode, 404)
    t.equal((await w.call(bank, 'POST', `/v1/placements/${theirs.id}/recall`)).statusCode, 404)
    t.equal((await w.call(them, 'POST', `/v1/placements/${theirs.id}/recall`)).statusCode, 404, 'nor for another agency')
    t.notOk((await w.ok<{ data: { lenderId: string }[] }>(bank, 'GET', '/v1/placements?limit=200')).data.some(({ lenderId }) => lenderId !== bank.id))
    t.match((await w.call(bank, 'POST', `/v1/placements/${mine.id}/close`, { closeCode: 'other' })).json(), { status: 403 }, 'how work ends is the agency\'s to say')
    t.match(await w.ok(bank, 'POST', `/v1/placements/${mine.id}/recall`), { state: 'recalled' })
  })

  t.test('a list goes on where it stopped', async t => {
    const all: string[] = []
    let cursor: string | null = null
    do {
      const page: { data: { id: string }[], nextCursor: string | null } = await w.ok(us, 'GET', `/v1/placements?limit=3${cursor === null ? '' : `&cursor=${cursor}`}`)
      all.push(...page.data.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== null)
    t.equal(new Set(all).size, all.length)
    t.same(all, [...all].sort())
    t.match((await w.call(us, 'GET', '/v1/placements?cursor=bm9uc2Vuc2U')).json(), { status: 400, code: 'cursor-invalid' })
  })
  t.same(w.failures, [])
})
