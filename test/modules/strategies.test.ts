import { sql } from 'drizzle-orm'
import t from 'tap'
import type { Test } from 'tap'
import type { Letter } from '../../src/platform/outside.ts'
import { NotTaken } from '../../src/platform/outside.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { world } from '../world.ts'
import type { Agency, Lender } from '../world.ts'

interface Message { id: string, channel: string, step: number, state: string, bundleId: string | null, plannedAt: string, sentAt: string | null, reason: string | null, template: string }
interface Strategy { id: string, activeVersion: number | null, latestVersion: number }

const identity = '110101199003070134'

t.test('strategies', async t => {
  const w = await world()
  t.teardown(w.close)
  const real = { ...w.machine.outside }
  const messagesOf = async (of: Agency, accountId: string): Promise<Message[]> => (await w.ok<{ data: Message[] }>(of, 'GET', `/v1/messages?accountId=${accountId}`)).data
  const lettersOf = (of: Agency): Letter[] => [...w.sms, ...w.email].filter(({ tenantId }) => tenantId === of.id)
  const shown = (all: Message[]): string[] => all.map(({ channel, step, state, sentAt, reason }) => [channel, step, state, sentAt ?? reason].join(' ')).sort()
  const place = async (now = '2026-01-05T09:00:00Z') => {
    const agency = await w.agency({ now })
    return { agency, bank: await w.lender(agency) }
  }
  const strategy = async (of: Agency, input: object): Promise<Strategy> => {
    const { id } = await w.ok<Strategy>(of, 'POST', '/v1/strategies', { name: 'Gentle', ...input })
    return await w.ok<Strategy>(of, 'POST', `/v1/strategies/${id}/activate`, { version: 1 })
  }
  /** A debt of one person, whose records are told apart by their identity number alone. */
  const debtOf = async (of: Agency, bank: Lender, more: object = {}, party: object = {}) => await w.account(of, bank, {
    dueOn: '2026-01-04', parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', identity, contactPoints: [{ channel: 'phone', value: '+8613900000001' }], ...party }], ...more,
  })

  await plans(t)
  await bundles(t)
  await calls(t)
  t.test('and no work failed on the way', async t => { t.same(w.failures, []) })

  async function plans (t: Test): Promise<void> {
    t.test('a debt follows the strategy that is for it from when it is placed, each step at its hour, and the version it began with', async t => {
      const { agency, bank } = await place()
      const first = await strategy(agency, { appliesTo: { products: ['card'] }, steps: [{ daysPastDue: 2, channel: 'sms', hour: 10 }, { daysPastDue: 5, channel: 'sms' }] })
      t.match(first, { activeVersion: 1, latestVersion: 1 })
      const [card, loan] = [await debtOf(agency, bank, { product: 'card' }), await debtOf(agency, bank, { product: 'loan' }, { identity: '110101199003070231' })]
      await w.settle(agency)
      t.same((await messagesOf(agency, card.accountId)).map(({ step, plannedAt }) => `${step} ${plannedAt}`), ['2 2026-01-06T02:00:00Z', '5 2026-01-09T01:00:00Z'])
      t.same((await messagesOf(agency, loan.accountId)).map(({ step }) => step), [3, 7, 15], 'what none is for follows ours')
      await w.ok(agency, 'POST', `/v1/strategies/${first.id}/versions`, { steps: [{ daysPastDue: 9, channel: 'sms' }] })
      await w.ok(agency, 'POST', `/v1/strategies/${first.id}/activate`, { version: 2 })
      const later = await debtOf(agency, bank, { product: 'card' }, { identity: '110101199003070335' })
      await w.settle(agency)
      t.same((await messagesOf(agency, later.accountId)).map(({ step }) => step), [9], 'appliesTo is of the version: the second is for every debt')
      t.match((await w.ok<{ data: object[] }>(agency, 'GET', `/v1/accounts/${card.accountId}/enrolments`)).data, [{ version: 1, name: 'Gentle', endedAt: null, steps: [{ daysPastDue: 2, hour: 10 }, { daysPastDue: 5 }] }])
      t.match((await w.ok<{ data: object[] }>(agency, 'GET', `/v1/accounts/${loan.accountId}/enrolments`)).data, [{ strategyId: null, name: null, version: null }])
      t.match((await w.ok<{ data: object[] }>(agency, 'GET', `/v1/strategies/${first.id}/versions`)).data, [{ number: 1, isActive: false }, { number: 2, isActive: true }])
    })

    t.test('a debt is put on another strategy: what was planned gives way, and what was sent stays', async t => {
      const { agency, bank } = await place()
      const hard = await strategy(agency, { name: 'Hard', rank: -1, appliesTo: { products: ['never'] }, steps: [{ daysPastDue: 1, channel: 'sms' }, { daysPastDue: 3, channel: 'sms' }] })
      const { accountId } = await debtOf(agency, bank)
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      t.match(await w.ok(agency, 'POST', `/v1/accounts/${accountId}/enrolments`, { strategyId: hard.id }), { strategyId: hard.id, version: 1 })
      await w.liveUntil(agency, '2026-01-20T00:00:00Z')
      // Enrolled on the 8th, after the first step's day: one and three days from then.
      t.same(shown(await messagesOf(agency, accountId)), ['sms 1 sent 2026-01-09T01:00:00Z', 'sms 15 cancelled strategyChanged', 'sms 3 sent 2026-01-07T01:00:00Z', 'sms 3 sent 2026-01-11T01:00:00Z', 'sms 7 cancelled strategyChanged'])
      await w.ok(agency, 'POST', `/v1/accounts/${accountId}/enrolments`, { strategyId: null })
      await w.settle(agency)
      t.match((await w.ok<{ data: { endedAt: string | null, name: string | null }[] }>(agency, 'GET', `/v1/accounts/${accountId}/enrolments`)).data.map(({ endedAt, name }) => `${name} ${endedAt === null}`), ['null true', 'Hard false', 'null false'])
    })

    t.test('two who put a debt on strategies at once are each answered with their own, and the debt follows one', async t => {
      const { agency, bank } = await place()
      const ids = [await strategy(agency, { name: 'A', rank: -1, steps: [{ daysPastDue: 1, channel: 'sms' }] }), await strategy(agency, { name: 'B', rank: -1, steps: [{ daysPastDue: 2, channel: 'sms' }] })].map(({ id }) => id)
      const { accountId } = await debtOf(agency, bank)
      await w.settle(agency)
      for (let round = 0; round < 5; round++) t.same(await Promise.all(ids.map(async strategyId => (await w.ok<{ strategyId: string }>(agency, 'POST', `/v1/accounts/${accountId}/enrolments`, { strategyId })).strategyId)), ids)
      t.equal((await w.ok<{ data: { endedAt: string | null }[] }>(agency, 'GET', `/v1/accounts/${accountId}/enrolments`)).data.filter(({ endedAt }) => endedAt === null).length, 1)
    })

    t.test('the text of a step is its own, and a strategy without one is not activated', async t => {
      const { agency, bank } = await place()
      const { id } = await w.ok<Strategy>(agency, 'POST', '/v1/strategies', { name: 'Final', steps: [{ daysPastDue: 3, channel: 'sms', template: 'finalNotice' }] })
      const refused = await w.call(agency, 'POST', `/v1/strategies/${id}/activate`, { version: 1 })
      t.match([refused.statusCode, refused.json()], [422, { code: 'strategy-text-missing', errors: [{ pointer: '/version/steps/0' }] }])
      const template = await w.ok<{ id: string }>(agency, 'POST', '/v1/templates', { code: 'finalNotice', channel: 'sms', language: 'zh-CN', text: "最后通知 {% for debt in debts %}{{ debt.owed | money }}{% endfor %} {% optOut 'replyStop' %}" })
      await w.ok(agency, 'POST', `/v1/templates/${template.id}/activate`, { version: 1, jurisdictions: ['CN'] })
      await w.ok(agency, 'POST', `/v1/strategies/${id}/activate`, { version: 1 })
      await debtOf(agency, bank)
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      t.match(lettersOf(agency).map(({ text }) => text), [/^最后通知/])
    })

    t.test('what cannot be is refused by name, and nothing of it stays', async t => {
      const { agency, bank } = await place()
      const steps = [{ daysPastDue: 3, channel: 'sms' }]
      const known = await strategy(agency, { steps })
      const { accountId } = await debtOf(agency, bank)
      await w.settle(agency)
      const asked: [method: 'POST' | 'PATCH', path: string, body: object, status: number, code: string][] = [
        ['POST', '/v1/strategies', { name: 'Gentle', steps }, 409, 'strategy-exists'],
        ['POST', '/v1/strategies', { name: 'Twice', steps: [...steps, ...steps] }, 422, 'strategy-refused'],
        ['POST', '/v1/strategies', { name: 'None', steps: [] }, 400, 'invalid-request'],
        ['POST', '/v1/strategies', { name: 'Fax', steps: [{ daysPastDue: 3, channel: 'fax' }] }, 400, 'invalid-request'],
        ['POST', '/v1/strategies', { name: 'Before', steps: [{ daysPastDue: -1, channel: 'sms' }] }, 400, 'invalid-request'],
        ['POST', `/v1/strategies/${known.id}/activate`, { version: 7 }, 422, 'strategy-version-unknown'],
        ['POST', `/v1/accounts/${accountId}/enrolments`, { strategyId: 'sty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }, 404, 'not-found'],
      ]
      for (const [method, path, body, status, code] of asked) {
        const reply = await w.call(agency, method, path, body)
        t.match([reply.statusCode, reply.json()], [status, { code }], JSON.stringify(body))
      }
      t.equal((await w.ok<{ data: object[] }>(agency, 'GET', '/v1/strategies')).data.length, 1)
      await w.ok(agency, 'POST', `/v1/strategies/${known.id}/retire`)
      t.match((await w.call(agency, 'POST', `/v1/strategies/${known.id}/retire`)).json(), { code: 'strategy-not-active' })
      t.match((await w.call(agency, 'POST', `/v1/accounts/${accountId}/enrolments`, { strategyId: known.id })).json(), { code: 'strategy-not-active' })
      t.equal((await w.call(bank, 'GET', '/v1/strategies')).statusCode, 403, 'a lender does not see how it is worked')
    })
  }

  async function bundles (t: Test): Promise<void> {
    t.test('three debts of one person to one lender are one message, one contact, and one receipt each; another lender\'s is none of theirs', async t => {
      const { agency, bank } = await place()
      const other = await w.lender(agency)
      const debts = [await debtOf(agency, bank), await debtOf(agency, bank, { balance: { principal: 200_00 } }), await debtOf(agency, bank, { balance: { principal: 300_00 }, product: 'loan' })]
      const elsewhere = await debtOf(agency, other)
      await w.liveUntil(agency, '2026-01-07T02:00:00Z')
      const sent = lettersOf(agency)
      t.equal(sent.length, 2, 'one to each lender\'s debts')
      t.match(sent.map(({ text }) => [...text.matchAll(/人民币([0-9.]+)元/g)].map(([, amount]) => amount).sort().join(' ')).sort(), ['1000.00', '1000.00 200.00 300.00'])
      const messages = (await Promise.all(debts.map(async ({ accountId }) => (await messagesOf(agency, accountId))[0]!)))
      t.equal(new Set(messages.map(({ bundleId }) => bundleId)).size, 1)
      t.ok(messages.some(({ id, bundleId }) => id === bundleId))
      const key = messages[0]!.bundleId
      t.ok(sent.some(letter => letter.key === key), 'its provider knows it by the first one\'s id')
      for (const { accountId } of debts) {
        const { data } = await w.ok<{ data: { accountId: string, alsoAbout: string[] }[] }>(agency, 'GET', `/v1/contact-attempts?accountId=${accountId}`)
        t.equal(data.length, 1)
        t.same([data[0]!.accountId, ...data[0]!.alsoAbout].sort(), debts.map(debt => debt.accountId).sort(), 'on the record of each')
      }
      t.match((await w.ok<{ data: object[] }>(agency, 'GET', `/v1/contact-attempts?accountId=${elsewhere.accountId}`)).data, [{ alsoAbout: [] }])
      t.equal(await w.tx(agency, async tx => Number((await tx.execute(sql`select count(*) as n from contact_attempts`)).rows[0]!['n'])), 2)
      const told = await w.tx(agency, async tx => (await tx.execute(sql`select lender_id, data from events where type = 'message.sent' order by sequence`)).rows)
      t.equal(told.length, 4, 'each debt is told of')
    })

    t.test('a debt that was paid, held or disputed leaves the bundle, and the message goes when nothing is left', async t => {
      const { agency, bank } = await place()
      const [one, two] = [await debtOf(agency, bank), await debtOf(agency, bank, { balance: { principal: 200_00 } })]
      await w.settle(agency)
      await w.ok(agency, 'POST', '/v1/disputes', { accountId: one.accountId, reason: 'wrongAmount' })
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      t.match(lettersOf(agency).map(({ text }) => [...text.matchAll(/人民币([0-9.]+)元/g)].map(([, amount]) => amount).join()), ['200.00'])
      t.match((await messagesOf(agency, one.accountId))[0], { state: 'cancelled', reason: 'onHold', bundleId: null })
      await w.ok(agency, 'POST', '/v1/disputes', { accountId: two.accountId, reason: 'wrongAmount' })
      await w.liveUntil(agency, '2026-01-12T00:00:00Z')
      t.equal(lettersOf(agency).length, 1)
    })

    t.test('what its provider did not take is tried again under the same key, without what was paid meanwhile', async t => {
      const { agency, bank } = await place()
      const [one, two] = [await debtOf(agency, bank), await debtOf(agency, bank, { balance: { principal: 200_00 } })]
      await w.settle(agency)
      const tries: Letter[] = []
      w.machine.outside.sms = { send: async letter => {
        tries.push(letter)
        throw new NotTaken('down', false)
      } }
      await w.liveUntil(agency, '2026-01-07T01:00:30Z')
      t.equal(tries.length, 1)
      await w.ok(agency, 'POST', '/v1/disputes', { accountId: one.accountId, reason: 'wrongAmount' })
      Object.assign(w.machine.outside, real)
      await w.liveUntil(agency, '2026-01-07T02:00:00Z')
      const [again] = lettersOf(agency)
      t.equal(again?.key, tries[0]!.key)
      t.notMatch(again!.text, /1000\.00/)
      t.match([(await messagesOf(agency, one.accountId))[0]!.state, (await messagesOf(agency, two.accountId))[0]!.state], ['cancelled', 'sent'])
    })

    t.test('two workers at once send a bundle once, and a crash between sending and recording sends it under the same key', async t => {
      const { agency, bank } = await place()
      const debts = [await debtOf(agency, bank), await debtOf(agency, bank), await debtOf(agency, bank)]
      await w.settle(agency)
      const keys: string[] = []
      w.machine.outside.sms = { send: async letter => {
        keys.push(letter.key)
        return { providerId: null }
      } }
      await w.tx(agency, async tx => { await tx.execute(sql`update tenants set clock_at = '2026-01-07T01:00:00Z'`) })
      await Promise.all([runJob(w.machine, 'outreach.sendDueMessages', agency.id), runJob(w.machine, 'outreach.sendDueMessages', agency.id), runJob(w.machine, 'outreach.sendDueMessages', agency.id)])
      t.equal(keys.length, 1)
      // As if the worker had died after handing over: nothing of it was written down, and the fence ran out.
      await w.tx(agency, async tx => { await tx.execute(sql`update messages set state = 'sending', sent_at = null, claimed_until = now() - interval '1 second', due_at = '2026-01-07T01:01:00Z' where step = 3`) })
      await w.tx(agency, async tx => { await tx.execute(sql`update contact_attempts set outcome = 'pending'`) })
      await w.tx(agency, async tx => { await tx.execute(sql`update tenants set clock_at = '2026-01-07T01:02:00Z'`) })
      await w.settle(agency)
      t.same(keys, [keys[0], keys[0]], 'a provider that knows the key drops it')
      t.equal(await w.tx(agency, async tx => Number((await tx.execute(sql`select count(*) as n from contact_attempts`)).rows[0]!['n'])), 1, 'one contact')
      for (const { accountId } of debts) t.match((await messagesOf(agency, accountId))[0], { state: 'sent' })
      Object.assign(w.machine.outside, real)
    })

    t.test('an opt-out of one debt alone takes that debt out, and the others go on', async t => {
      const { agency, bank } = await place()
      const [one, two] = [await debtOf(agency, bank), await debtOf(agency, bank, { balance: { principal: 200_00 } })]
      await w.settle(agency)
      await w.ok(agency, 'POST', '/v1/consents', { address: { channel: 'phone', value: '+8613900000001' }, channel: 'sms', state: 'withdrawn', source: 'call', accountId: one.accountId })
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      t.match((await messagesOf(agency, one.accountId))[0], { state: 'suppressed', reason: 'optedOut' })
      t.match((await messagesOf(agency, two.accountId))[0], { state: 'sent' })
      t.equal(lettersOf(agency).length, 1)
    })

    t.test('an e-mail carries the link that refuses the next one, and whoever clicks it is left in peace', async t => {
      const { agency, bank } = await place()
      const { accountId } = await debtOf(agency, bank, {}, { contactPoints: [{ channel: 'email', value: 'li.wei@example.com' }] })
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      const [first] = lettersOf(agency)
      t.match(first?.unsubscribeUrl, /\/v1\/opt-outs\/[A-Za-z0-9_-]+$/)
      const clicked = await w.app.inject({ method: 'POST', url: new URL(first!.unsubscribeUrl!).pathname, headers: { 'content-type': 'application/x-www-form-urlencoded' }, payload: 'List-Unsubscribe=One-Click' })
      t.equal(clicked.statusCode, 200)
      await w.settle(agency)
      t.same(shown(await messagesOf(agency, accountId)), ['email 15 suppressed optedOut', 'email 3 sent 2026-01-07T01:00:00Z', 'email 7 suppressed optedOut'])
    })

    t.test('a template can print the link itself', async t => {
      const { agency, bank } = await place()
      const { id } = await w.ok<{ id: string }>(agency, 'POST', '/v1/templates', { code: 'reminder', channel: 'email', language: 'zh-CN', subject: 'x', text: "{% for debt in debts %}{{ debt.owed | money }}{% endfor %} {% optOut 'hyperlink' %}" })
      await w.ok(agency, 'POST', `/v1/templates/${id}/activate`, { version: 1, jurisdictions: ['CN'] })
      await debtOf(agency, bank, {}, { contactPoints: [{ channel: 'email', value: 'li.wei@example.com' }] })
      await w.liveUntil(agency, '2026-01-08T00:00:00Z')
      const [first] = lettersOf(agency)
      t.ok(first!.text.includes(first!.unsubscribeUrl!))
    })

    t.test('thirty debts are no more than five to an SMS, and the rest of them wait for their turn', async t => {
      const { agency, bank } = await place()
      for (let n = 0; n < 12; n++) await debtOf(agency, bank)
      await w.liveUntil(agency, '2026-01-07T02:00:00Z')
      t.same(lettersOf(agency).map(({ text }) => [...text.matchAll(/人民币/g)].length).sort(), [2, 5, 5])
    })
  }

  async function calls (t: Test): Promise<void> {
    const steps = [{ daysPastDue: 2, channel: 'call', hour: 9 }, { daysPastDue: 10, channel: 'call', hour: 9 }]
    interface CallTask { id: string, state: string, step: number, reason: string | null }
    const tasksOf = async (of: Agency, accountId: string): Promise<CallTask[]> => (await w.ok<{ data: CallTask[] }>(of, 'GET', `/v1/call-tasks?accountId=${accountId}`)).data
    const states = async (of: Agency, accountId: string): Promise<string[]> => (await tasksOf(of, accountId)).map(({ step, state }) => `${step} ${state}`)
    const itemsOf = async (of: Agency, queueId: string): Promise<string[]> => (await w.ok<{ data: { state: string }[] }>(of, 'GET', `/v1/queues/${queueId}/work-items`)).data.map(({ state }) => state)

    t.test('a call is asked for on its day, served by the queue of calls, and done when it was made', async t => {
      const { agency, bank } = await place()
      await strategy(agency, { steps })
      const { accountId } = await debtOf(agency, bank)
      const queue = await w.ok<{ id: string }>(agency, 'POST', '/v1/queues', { name: 'Calls', filter: { isCallDue: true } })
      await w.settle(agency)
      t.same(await states(agency, accountId), ['2 planned', '10 planned'])
      t.same(await itemsOf(agency, queue.id), [], 'nobody is asked to call yet')
      await w.liveUntil(agency, '2026-01-06T02:00:00Z')
      t.same(await states(agency, accountId), ['2 open', '10 planned'])
      const lease = await w.ok<{ items: { workItemId: string }[] }>(agency, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })
      t.equal(lease.items.length, 1)
      // Nobody answered: put off to the afternoon, and the call stays asked for.
      await w.ok(agency, 'POST', `/v1/work-items/${lease.items[0]!.workItemId}/complete`, { outcome: 'noAnswer', nextAction: { readyAt: '2026-01-06T06:00:00Z' } })
      await w.settle(agency)
      t.same(await states(agency, accountId), ['2 open', '10 planned'])
      await w.liveUntil(agency, '2026-01-06T07:00:00Z')
      const again = await w.ok<{ items: { workItemId: string }[] }>(agency, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })
      await w.ok(agency, 'POST', `/v1/work-items/${again.items[0]!.workItemId}/complete`, { outcome: 'promised' })
      await w.settle(agency)
      t.same(await states(agency, accountId), ['2 done', '10 planned'])
      t.same(await itemsOf(agency, queue.id), ['done'])
      await w.liveUntil(agency, '2026-01-14T02:00:00Z')
      t.same(await states(agency, accountId), ['2 done', '10 open'])
      t.same(await itemsOf(agency, queue.id), ['ready'], 'the next step asks anew')
    })

    t.test('whoever reaches the person by another way has made the call; a callback that was put off stays', async t => {
      const { agency, bank } = await place()
      await strategy(agency, { steps })
      const [one, two] = [await debtOf(agency, bank), await debtOf(agency, bank, {}, { identity: '110101199003070231', contactPoints: [{ channel: 'phone', value: '+8613900000002' }] })]
      const queue = await w.ok<{ id: string }>(agency, 'POST', '/v1/queues', { name: 'Calls', filter: { isCallDue: true } })
      await w.liveUntil(agency, '2026-01-06T02:00:00Z')
      t.same((await itemsOf(agency, queue.id)).sort(), ['ready', 'ready'])
      const partyId = (await w.ok<{ data: { partyId: string }[] }>(agency, 'GET', `/v1/accounts/${one.accountId}/parties`)).data[0]!.partyId
      await w.ok(agency, 'POST', '/v1/contact-attempts', { accountId: one.accountId, partyId, channel: 'call', direction: 'out', outcome: 'conversation', result: 'wrongPerson' })
      await w.settle(agency)
      t.same(await states(agency, one.accountId), ['2 open', '10 planned'], 'somebody else at that number is not the person')
      await w.ok(agency, 'POST', '/v1/contact-attempts', { accountId: one.accountId, partyId, channel: 'call', direction: 'in', outcome: 'conversation' })
      await w.settle(agency)
      t.same(await states(agency, one.accountId), ['2 done', '10 planned'])
      t.same((await itemsOf(agency, queue.id)).sort(), ['ready', 'suppressed'])
      const lease = await w.ok<{ items: { workItemId: string, accountId: string }[] }>(agency, 'POST', `/v1/queues/${queue.id}/leases`, { count: 5, ttlSeconds: 600 })
      t.same(lease.items.map(({ accountId }) => accountId), [two.accountId])
      await w.ok(agency, 'POST', `/v1/work-items/${lease.items[0]!.workItemId}/complete`, { outcome: 'callback', nextAction: { readyAt: '2026-01-07T02:00:00Z' } })
      await w.settle(agency)
      t.same(await states(agency, two.accountId), ['2 done', '10 planned'])
      t.same((await itemsOf(agency, queue.id)).sort(), ['deferred', 'suppressed'])
      await w.liveUntil(agency, '2026-01-07T03:00:00Z')
      t.same((await itemsOf(agency, queue.id)).sort(), ['ready', 'suppressed'], 'the callback comes, though the step was done')
    })

    t.test('a hold takes the call away and its end brings it back; payment in full and a recall end it for good', async t => {
      const { agency, bank } = await place()
      await strategy(agency, { steps })
      const { accountId } = await debtOf(agency, bank)
      const queue = await w.ok<{ id: string }>(agency, 'POST', '/v1/queues', { name: 'Calls', filter: { isCallDue: true } })
      await w.liveUntil(agency, '2026-01-06T02:00:00Z')
      const dispute = await w.ok<{ id: string }>(agency, 'POST', '/v1/disputes', { accountId, reason: 'wrongAmount' })
      await w.settle(agency)
      t.same(await states(agency, accountId), ['2 cancelled', '10 cancelled'])
      t.same(await itemsOf(agency, queue.id), ['suppressed'])
      await w.ok(agency, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'rejected' })
      await w.settle(agency)
      t.same(await states(agency, accountId), ['2 open', '10 planned'])
      t.same(await itemsOf(agency, queue.id), ['ready'])
      await w.ok(agency, 'POST', '/v1/payments', { accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-06', receivedBy: 'agency', method: 'card' })
      await w.settle(agency)
      t.same(await tasksOf(agency, accountId), (await tasksOf(agency, accountId)).map(task => ({ ...task, state: 'cancelled', reason: 'placementEnded' })))
      t.same(await itemsOf(agency, queue.id), ['suppressed'])
      const [task] = await tasksOf(agency, accountId)
      t.match((await w.call(agency, 'POST', `/v1/call-tasks/${task!.id}/cancel`)).json(), { code: 'call-task-ended' })
    })
  }
})
