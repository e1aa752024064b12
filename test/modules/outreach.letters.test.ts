import { sql } from 'drizzle-orm'
import t from 'tap'
import { world } from '../world.ts'
import type { Agency } from '../world.ts'

interface Message { id: string, step: number, state: string, reason: string | null, bundleId: string | null, sentAt: string | null }
interface Letter { id: string, state: string, reason: string | null }

t.test('letters that a strategy asks for', async t => {
  const w = await world()
  t.teardown(w.close)
  const messagesOf = async (of: Agency, accountId: string): Promise<Message[]> => (await w.ok<{ data: Message[] }>(of, 'GET', `/v1/messages?accountId=${accountId}`)).data
  const lettersOf = async (of: Agency): Promise<Letter[]> => (await w.ok<{ data: Letter[] }>(of, 'GET', '/v1/letters')).data
  const textOf = async (of: Agency, id: string): Promise<{ recipient: string[], text: string }> => await w.ok(of, 'GET', `/v1/letters/${id}/text?purpose=contact`)
  const attempts = async (of: Agency): Promise<string[]> => await w.tx(of, async tx => (await tx.execute(sql`select outcome from contact_attempts order by id`)).rows.map(row => String(row['outcome'])))
  /** An agency whose debts get a letter after five days; two debts of one person, the second smaller. */
  const begin = async () => {
    const agency = await w.agency({ now: '2026-01-05T09:00:00Z' })
    const bank = await w.lender(agency)
    const { id } = await w.ok<{ id: string }>(agency, 'POST', '/v1/strategies', { name: 'By post', steps: [{ daysPastDue: 5, channel: 'letter' }] })
    await w.ok(agency, 'POST', `/v1/strategies/${id}/activate`, { version: 1 })
    const debt = async (principal: number) => (await w.account(agency, bank, {
      dueOn: '2026-01-04', balance: { principal },
      parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', identity: '110101199003070134', contactPoints: [{ channel: 'postal', value: 'Nanjing Road 1\nShanghai' }] }],
    })).accountId
    const [large, small] = [await debt(300_00), await debt(20_00)]
    await w.liveUntil(agency, '2026-01-09T02:00:00Z')
    return { agency, large, small }
  }
  const batch = async (of: Agency): Promise<string> => (await w.ok<{ id: string }>(of, 'POST', '/v1/letter-batches', {})).id
  const print = async (of: Agency, id: string): Promise<void> => { t.equal((await w.call(of, 'GET', `/v1/letter-batches/${id}/pdf`)).statusCode, 200) }

  t.test('two debts of one person are one letter, written in the moment it is permitted, counted once, printed and posted', async t => {
    const { agency, large, small } = await begin()
    const letters = await lettersOf(agency)
    t.match(letters, [{ state: 'waiting' }])
    t.equal(letters.length, 1)
    const { recipient, text } = await textOf(agency, letters[0]!.id)
    t.same(recipient, ['Li Wei', 'Nanjing Road 1', 'Shanghai'])
    t.match(text, /300\.00[\s\S]*20\.00|20\.00[\s\S]*300\.00/)
    t.match([(await messagesOf(agency, large))[0], (await messagesOf(agency, small))[0]], [{ state: 'sent' }, { state: 'sent' }])
    t.same(await attempts(agency), ['sent'])
    const id = await batch(agency)
    await print(agency, id)
    await w.ok(agency, 'POST', `/v1/letter-batches/${id}/posted`, { postedOn: '2026-01-09' })
    await w.ok(agency, 'POST', `/v1/letters/${letters[0]!.id}/returned`, { reason: 'moved' })
    await w.settle(agency)
    t.match([(await messagesOf(agency, large))[0], (await messagesOf(agency, small))[0]], [{ state: 'bounced' }, { state: 'bounced' }])
    t.same(await attempts(agency), ['undelivered'])
    const { partyId } = (await w.ok<{ data: { partyId: string }[] }>(agency, 'GET', `/v1/accounts/${large}/parties`)).data[0]!
    t.match((await w.ok<{ contactPoints: object[] }>(agency, 'GET', `/v1/parties/${partyId}`)).contactPoints, [{ state: 'invalid' }], 'nothing more is sent there')
  })

  t.test('a debt that is disputed before the letter is printed takes it back, and the other debt has one of its own', async t => {
    const { agency, large, small } = await begin()
    // The one by whose id the letter is known, and the other.
    const isFirst = (await messagesOf(agency, large))[0]!
    const [first, other] = isFirst.bundleId === isFirst.id ? [large, small] : [small, large]
    for (const disputed of [other]) await w.ok(agency, 'POST', '/v1/disputes', { accountId: disputed, reason: 'wrongAmount' })
    await w.settle(agency)
    t.match([(await messagesOf(agency, first))[0], (await messagesOf(agency, other))[0]], [{ state: 'sent' }, { state: 'cancelled', reason: 'onHold', bundleId: null }])
    const letters = (await lettersOf(agency)).filter(({ state }) => state === 'waiting')
    t.equal(letters.length, 1)
    const amounts = [...(await textOf(agency, letters[0]!.id)).text.matchAll(/(300|20)\.00/g)].map(([amount]) => amount)
    t.same(amounts, [first === large ? '300.00' : '20.00'], 'it speaks of the debt that is left, and of no other')
    t.same((await attempts(agency)).filter(outcome => outcome !== 'unused'), ['sent'], 'one contact')
  })

  t.test('the same when the debt is disputed by whose id it is known', async t => {
    const { agency, large, small } = await begin()
    const isFirst = (await messagesOf(agency, large))[0]!
    const [first, other] = isFirst.bundleId === isFirst.id ? [large, small] : [small, large]
    await w.ok(agency, 'POST', '/v1/disputes', { accountId: first, reason: 'wrongAmount' })
    await w.settle(agency)
    t.match([(await messagesOf(agency, first))[0], (await messagesOf(agency, other))[0]], [{ state: 'cancelled', reason: 'onHold' }, { state: 'sent' }])
    t.same((await lettersOf(agency)).map(({ state }) => state).sort(), ['waiting', 'withdrawn'])
    t.same((await attempts(agency)).sort(), ['sent', 'unused'])
  })

  t.test('a letter that was printed goes out though a debt is disputed after; one that nobody prints is withdrawn and counts for nothing', async t => {
    const { agency, large } = await begin()
    const id = await batch(agency)
    await print(agency, id)
    await w.ok(agency, 'POST', '/v1/disputes', { accountId: large, reason: 'wrongAmount' })
    await w.settle(agency)
    t.match(await lettersOf(agency), [{ state: 'batched' }])
    const late = await begin()
    await w.liveUntil(late.agency, '2026-01-24T00:00:00Z')
    t.match(await lettersOf(late.agency), [{ state: 'withdrawn', reason: 'notPrinted' }])
    t.match((await messagesOf(late.agency, late.large))[0], { state: 'cancelled', reason: 'notPrinted' })
    t.same(await attempts(late.agency), ['unused'])
  })

  t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})
