import t from 'tap'
import { ageNames, ageOf, daysPastDue, liableRoles, stageAtPlacement } from '../../src/modules/accounts/core.ts'
import { findAccountsByReference, insertAccounts, lockAccount, setAccountClosed } from '../../src/modules/accounts/index.ts'
import { addDays } from '#kernel'
import { newId } from '../../src/platform/index.ts'
import { aDebt, strangeId, world } from '../world.ts'

t.test('a debt is as old as the days since it was due, and its bucket of age follows everywhere alike', async t => {
  const ages: [days: number, name: string][] = [
    [0, 'current'], [1, 'S1'], [10, 'S1'], [11, 'S2'], [30, 'S2'], [31, 'M1'], [60, 'M1'], [61, 'M2'], [90, 'M2'], [91, 'M3'], [120, 'M3'], [121, 'M4-M6'], [210, 'M4-M6'], [211, 'M6+'], [9_999, 'M6+'],
  ]
  for (const [days, name] of ages) t.equal(ageOf(days), name, `${days} days`)
  t.same([...new Set(ages.map(([, name]) => name))], [...ageNames], 'every bucket has its days')
  const due: [dueOn: string, on: string, days: number][] = [['2026-01-05', '2026-01-04', 0], ['2026-01-05', '2026-01-05', 0], ['2026-01-05', '2026-01-06', 1], ['2024-02-28', '2024-03-01', 2], ['2025-12-31', '2026-12-31', 365]]
  for (const [dueOn, on, days] of due) t.equal(daysPastDue(dueOn, on), days, `due on ${dueOn}, on ${on}`)
})

t.test('a debt is placed in the stage its age gives, and a contact person owes nothing', async t => {
  const stages: [days: number, stage: string][] = [[0, 'preDue'], [1, 'early'], [30, 'early'], [31, 'amicable'], [2_000, 'amicable']]
  for (const [days, stage] of stages) t.equal(stageAtPlacement(days), stage, `${days} days`)
  t.notOk(liableRoles.includes('contactOnly'))
  t.notOk(liableRoles.includes('legalRepresentative'))
})

interface Account { id: `acc_${string}`, lenderReference: string, daysPastDue: number, age: string, stage: string, closedAt: string | null }
interface List<T> { data: T[], nextCursor: string | null }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)
  const ours = [await w.account(us, bank), await w.account(us, bank), await w.account(us, rival)].map(({ accountId }) => accountId)
  const [first, second, third] = ours

  t.test('an account shows what is owed, and its age by the borrower\'s calendar', async t => {
    const account = await w.ok<Account>(us, 'GET', `/v1/accounts/${first}`)
    t.match(account, { id: first, lenderId: bank.id, agreementId: bank.agreementId, currency: 'CNY', balance: { principal: 1_000_00, interest: 0, penalty: 0, costs: 0, total: 1_000_00 }, placedOn: '2026-01-05', closedAt: null })
    t.match(account, { daysPastDue: 16, age: 'S2', stage: 'early' }, 'due on 20 December, it is 5 January in Shanghai')
    await w.liveUntil(us, '2026-01-05T15:59:59Z')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${first}`), { daysPastDue: 16 }, 'to the last second of the day there')
    await w.liveUntil(us, '2026-01-05T16:00:00Z')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${first}`), { daysPastDue: 17 }, 'and from midnight there, though the day is young elsewhere')
    const west = await w.account(us, bank, { timeZone: 'America/Los_Angeles', jurisdiction: 'US' })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${west.accountId}`), { daysPastDue: 16 })
  })

  t.test('the list is filtered as asked, in pages by id, and an unknown filter is refused', async t => {
    const list = async (query = '') => (await w.ok<List<Account>>(us, 'GET', `/v1/accounts${query}`)).data.map(({ id }) => id)
    const all = await list()
    t.same(all.slice(0, 3), ours)
    t.same(all, [...all].sort())
    t.same(await list(`?lenderId=${rival.id}`), [third])
    const { lenderReference } = await w.ok<Account>(us, 'GET', `/v1/accounts/${second}`)
    t.same(await list(`?lenderReference=${encodeURIComponent(lenderReference)}`), [second])
    t.same(await list(`?lenderReference=${encodeURIComponent(lenderReference)}&lenderId=${rival.id}`), [])
    await w.tx(us, async tx => {
      await lockAccount(tx, third!)
      await setAccountClosed(tx, third!, '2026-01-05T09:30:00Z')
    })
    t.same(await list('?isOpen=false'), [third])
    t.notOk((await list('?isOpen=true')).includes(third!))
    const walked: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: List<Account> = await w.ok<List<Account>>(us, 'GET', `/v1/accounts?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      t.equal(page.data.length, 1)
      walked.push(page.data[0]!.id)
      cursor = page.nextCursor
    }
    t.same(walked, all, 'page by page it is the same list')
    for (const query of ['?limit=0', '?limit=201', '?limit=x', '?isOpen=maybe', '?owner=me', '?cursor=%20', '?lenderId=acc_1']) t.match((await w.call(us, 'GET', `/v1/accounts${query}`)).json(), { status: 400 }, query)
    t.match((await w.call(us, 'GET', `/v1/accounts?cursor=${Buffer.from('not an id').toString('base64url')}`)).json(), { status: 400, code: 'cursor-invalid' })
    t.match((await w.call(us, 'GET', `/v1/accounts?cursor=${Buffer.from('acc_1').toString('base64url')}`)).json(), { status: 400, code: 'cursor-invalid' })
  })

  t.test('a lender sees its own accounts only, and another agency\'s do not exist', async t => {
    const own = (await w.ok<List<Account>>(rival, 'GET', '/v1/accounts')).data.map(({ id }) => id)
    t.same(own, [third])
    t.same((await w.ok<List<Account>>(rival, 'GET', `/v1/accounts?lenderId=${bank.id}`)).data, [])
    t.same((await w.ok<List<Account>>(them, 'GET', '/v1/accounts')).data, [])
    for (const as of [rival, them]) for (const rest of ['', '/parties', '/timeline']) t.equal((await w.call(as, 'GET', `/v1/accounts/${first}${rest}`)).statusCode, 404, rest)
    for (const rest of ['', '/parties', '/timeline']) {
      t.equal((await w.call(bank, 'GET', `/v1/accounts/${first}${rest}`)).statusCode, 200, rest)
      t.equal((await w.call(us, 'GET', `/v1/accounts/${strangeId('account')}${rest}`)).statusCode, 404, rest)
    }
    t.equal((await w.call(us, 'GET', '/v1/accounts/acc_1')).statusCode, 400)
    t.same([...(await w.tx(us, async tx => await findAccountsByReference(tx, rival.id, [(await w.ok<Account>(us, 'GET', `/v1/accounts/${first}`)).lenderReference]))).keys()], [], 'the same reference of another lender is another debt')
  })

  t.test('the parties of an account are named with their roles, and nothing personal', async t => {
    const { parties } = aDebt()
    const { accountId } = await w.account(us, bank, { parties: [...parties, { role: 'contactOnly', kind: 'person', name: 'Wang Fang' }] })
    const { data } = await w.ok<{ data: { partyId: string, role: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    t.same(data.map(({ role }) => role), ['borrower', 'contactOnly'])
    t.match(await w.ok(us, 'GET', `/v1/parties/${data[1]!.partyId}`), { kind: 'person', name: 'W*** F***' })
    t.notMatch(JSON.stringify(data), /Wang/)
  })

  t.test('the timeline tells what happened, newest first, in pages, and a lender its own', async t => {
    const { accountId } = await w.account(us, bank)
    for (let i = 0; i < 3; i++) {
      const dispute = await w.ok<{ id: string }>(us, 'POST', '/v1/disputes', { accountId, reason: 'other' })
      await w.ok(us, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'withdrawn' })
    }
    const whole = await w.ok<List<{ id: string, type: string, actorKind: string, occurredAt: string }>>(us, 'GET', `/v1/accounts/${accountId}/timeline`)
    const once = ['dispute.resolved', 'hold.released', 'dispute.opened', 'hold.placed']
    t.same(whole.data.map(({ type }) => type).slice(0, 12), [...once, ...once, ...once])
    t.match(whole.data.at(-1), { type: /^(account|placement)\./, actorKind: 'service' }, 'it begins with the placement')
    t.ok(whole.data.every(({ occurredAt }) => occurredAt === '2026-01-05T16:00:00Z'), 'in the agency\'s time')
    const walked: string[] = []
    // A cursor can be read: it holds the lender's own count of events, from which nobody learns how busy the agency is.
    const { nextCursor } = await w.ok<List<{ id: string }>>(bank, 'GET', `/v1/accounts/${accountId}/timeline?limit=1`)
    const newest = await w.ok<{ sequence: number }>(bank, 'GET', `/v1/events/${whole.data[0]!.id}`)
    t.equal(Buffer.from(nextCursor!, 'base64url').toString(), String(newest.sequence))
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: List<{ id: string }> = await w.ok<List<{ id: string }>>(bank, 'GET', `/v1/accounts/${accountId}/timeline?limit=5${cursor === '' ? '' : `&cursor=${cursor}`}`)
      walked.push(...page.data.map(({ id }) => id))
      cursor = page.nextCursor
    }
    t.same(walked, whole.data.map(({ id }) => id), 'page by page, by the lender\'s key, it is the same story')
    t.match((await w.call(us, 'GET', `/v1/accounts/${accountId}/timeline?cursor=${Buffer.from('acc_1').toString('base64url')}`)).json(), { status: 400, code: 'cursor-invalid' })
  })

  t.test('a reference is placed once with its lender, however many come at once', async t => {
    const template = await w.tx(us, async tx => await lockAccount(tx, first!))
    const row = (lenderReference: string) => ({ ...template, id: newId('account'), lenderReference, dueOn: addDays(template.dueOn, 1) })
    const inserted = await Promise.all([1, 2].map(async () => await w.tx(us, async tx => await insertAccounts(tx, bank.id, [row('ONCE'), row(template.lenderReference)]))))
    t.equal(inserted.reduce((sum, ids) => sum + ids.size, 0), 1)
    t.equal((await w.tx(us, async tx => await insertAccounts(tx, rival.id, [{ ...row('ONCE'), agreementId: rival.agreementId }]))).size, 1, 'another lender\'s number is its own')
  })
  t.same(w.failures, [])
})
