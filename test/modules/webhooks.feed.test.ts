import t from 'tap'
import { emit } from '#platform'
import type { Id } from '#kernel'
import { ApiKeyRevoked } from '../../src/modules/tenants/index.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As } from '../world.ts'

interface Event { id: string, type: string, sequence: number, lenderId?: string, accountId?: string, data: { object: Record<string, unknown> } }
interface Feed { data: Event[], nextAfter: number }

t.test('the event feed', async t => {
  const w = await world()
  t.teardown(w.close)

  const feed = async (as: As, query = ''): Promise<Feed> => await w.ok<Feed>(as, 'GET', `/v1/events?limit=200${query}`)
  const happen = async (as: As): Promise<unknown> => await w.ok(as, 'POST', '/v1/api-keys', { kind: 'service', name: 'x', scopes: ['events:read'] })
  const lender = async (us: Agency): Promise<{ id: Id<'lender'>, key: string }> => {
    const { id } = await w.ok<{ id: Id<'lender'> }>(us, 'POST', '/v1/lenders', { name: 'First Harbour Bank' })
    const { key } = await w.ok<{ key: string }>(us, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'their own' })
    return { id, key }
  }
  const toldOf = async (us: Agency, concerns: { lenderId?: Id<'lender'>, accountId?: Id<'account'> }, count = 1): Promise<void> => {
    await w.tx(us, async tx => { for (let i = 0; i < count; i++) emit(tx, ApiKeyRevoked, concerns, { apiKeyId: strangeId('apiKey') as Id<'apiKey'> }) })
  }
  const oneTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)

  t.test('each reader has its own sequence without gaps: the agency of everything, a lender of its own', async t => {
    const us = await w.agency()
    const [mine, other] = [await lender(us), await lender(us)]
    for (let i = 0; i < 3; i++) {
      await toldOf(us, { lenderId: mine.id })
      await toldOf(us, { lenderId: other.id })
      await happen(us)
    }
    const all = await feed(us)
    t.same(all.data.map(({ sequence }) => sequence), oneTo(all.data.length))
    t.equal(all.nextAfter, all.data.length)
    const own = await feed(mine)
    t.same(own.data.map(({ sequence }) => sequence), oneTo(own.data.length))
    t.ok(own.data.every(({ lenderId }) => lenderId === mine.id))
    t.same(own.data.map(({ id }) => id), all.data.filter(({ lenderId }) => lenderId === mine.id).map(({ id }) => id))
    const [first] = own.data
    t.same(await w.ok(mine, 'GET', `/v1/events/${first!.id}`), first)
    t.equal((await w.call(other, 'GET', `/v1/events/${first!.id}`)).statusCode, 404)
    t.equal((await w.call(us, 'GET', `/v1/events/${strangeId('event')}`)).statusCode, 404)
    const strangers = (await feed(await w.agency())).data.map(({ id }) => id)
    t.notOk(all.data.some(({ id }) => strangers.includes(id)), 'another agency has a feed of its own')
  })

  t.test('a reader may ask for some kinds, or for one account, and goes on past the rest', async t => {
    const us = await w.agency()
    const bank = await lender(us)
    const accountId = strangeId('account') as Id<'account'>
    const [start, own] = [(await feed(us)).nextAfter, (await feed(bank)).nextAfter]
    await toldOf(us, { lenderId: bank.id, accountId }, 3)
    await toldOf(us, { accountId }, 2)
    await toldOf(us, {}, 2)
    t.same((await feed(us, '&types=lender.*,apiKey.created')).data.map(({ type }) => type), ['apiKey.created', 'lender.created', 'apiKey.created'])
    t.same((await feed(us, `&accountId=${accountId}`)).data.map(({ sequence }) => sequence - start), [1, 2, 3, 4, 5])
    t.same((await feed(bank, `&accountId=${accountId}&types=apiKey.revoked&after=${own + 2}`)).data.map(({ sequence }) => sequence - own), [3])
    t.same(await feed(us, `&types=lender.*&after=${start}`), { data: [], nextAfter: start + 7 }, 'what was not asked for is not looked at again')
    const page = await w.ok<Feed>(us, 'GET', '/v1/events?types=apiKey.revoked&limit=2')
    t.same([page.data.length, page.nextAfter], [2, start + 2])
    t.same(await feed(us, '&after=9999'), { data: [], nextAfter: 9999 })
    t.match((await w.call(us, 'GET', '/v1/events?types=lender.*,lenders.*')).json(), { status: 422, code: 'filter-matches-nothing', errors: [{ pointer: '/query/types/1' }] })
    for (const query of ['after=-1', 'after=x', 'limit=0', 'limit=201', 'waitSeconds=31', 'types=', 'types=a%00', 'accountId=1', 'before=3']) t.equal((await w.call(us, 'GET', `/v1/events?${query}`)).statusCode, 400, query)
  })

  t.test('a reader that follows the feed while others write misses nothing and sees nothing twice', async t => {
    const us = await w.agency()
    const [one, two] = [await lender(us), await lender(us)]
    const start = { us: (await feed(us)).nextAfter, one: (await feed(one)).nextAfter }
    let isWriting = true
    const follow = async (as: As, after: number, query: string): Promise<Event[]> => {
      const seen: Event[] = []
      for (let isLast = false; !isLast;) {
        isLast = !isWriting
        for (let more = true; more;) {
          const page = await w.ok<Feed>(as, 'GET', `/v1/events?limit=7&after=${after}${query}`)
          seen.push(...page.data)
          more = page.nextAfter > after
          after = page.nextAfter
        }
      }
      return seen
    }
    const readers = Promise.all([follow(us, start.us, ''), follow(one, start.one, ''), follow(us, start.us, '&types=apiKey.revoked'), follow(one, start.one, '&types=apiKey.*')])
    // Six writers; some write of both lenders in one transaction, in either order.
    const concerns = [{ lenderId: one.id }, { lenderId: two.id }, {}]
    await Promise.all(oneTo(6).map(async writer => {
      for (let i = 0; i < 30; i++) {
        await w.tx(us, async tx => { for (let k = 0; k <= i % 3; k++) emit(tx, ApiKeyRevoked, concerns[(writer + i + k) % 3]!, { apiKeyId: strangeId('apiKey') as Id<'apiKey'> }) })
      }
    }))
    isWriting = false
    const [all, own, allSome, ownSome] = await readers
    t.same(all.map(({ sequence }) => sequence), oneTo(360).map(n => start.us + n))
    t.same(own.map(({ sequence }) => sequence), oneTo(own.length).map(n => start.one + n))
    t.same(own.map(({ id }) => id), all.filter(({ lenderId }) => lenderId === one.id).map(({ id }) => id))
    t.same(allSome.map(({ id }) => id), all.map(({ id }) => id))
    t.same(ownSome.map(({ id }) => id), own.map(({ id }) => id))
  })

  t.test('a reader may wait for the next event, holding no connection to the database', async t => {
    const us = await w.agency()
    const bank = await lender(us)
    const { nextAfter } = await feed(us)
    t.same(await feed(us, `&after=${nextAfter}&waitSeconds=1`), { data: [], nextAfter }, 'and the wait has an end')

    const waiting = oneTo(100).map(async () => await feed(us, `&after=${nextAfter}&waitSeconds=30`))
    // One too many is refused as soon as all the others wait.
    let refused = await w.call(us, 'GET', `/v1/events?after=${nextAfter}&waitSeconds=1`)
    while (refused.statusCode !== 429) refused = await w.call(us, 'GET', `/v1/events?after=${nextAfter}&waitSeconds=1`)
    t.match(refused.json(), { code: 'too-many-waiters' })
    t.equal(refused.headers['retry-after'], '5')
    t.equal((await feed(us, '&waitSeconds=1')).data.length, nextAfter, 'who need not wait is served all the same')
    t.match(w.db.usage(), { waiting: 0 })
    t.ok(w.db.usage().total - w.db.usage().idle <= 1)
    await happen(us)
    t.ok((await Promise.all(waiting)).every(({ data }) => data.length === 1 && data[0]!.type === 'apiKey.created'))

    const own = (await feed(bank)).nextAfter
    const lenders = feed(bank, `&after=${own}&waitSeconds=30&types=apiKey.revoked`)
    await happen(us)
    await toldOf(us, { lenderId: bank.id })
    t.match((await lenders).data, [{ sequence: own + 1, type: 'apiKey.revoked' }], 'others\' events do not end a wait')
  })

  t.test('a server that stops keeps nobody waiting', async t => {
    const gone = await world()
    const us = await gone.agency({ now: null })
    const { nextAfter } = await gone.ok<Feed>(us, 'GET', '/v1/events?limit=200')
    const waiting = oneTo(100).map(async () => await gone.call(us, 'GET', `/v1/events?after=${nextAfter}&waitSeconds=30`))
    while ((await gone.call(us, 'GET', `/v1/events?after=${nextAfter}&waitSeconds=1`)).statusCode !== 429) { /* not all wait yet */ }
    const begun = performance.now()
    await gone.close()
    t.ok((await Promise.all(waiting)).every(({ statusCode }) => statusCode === 200))
    t.ok(performance.now() - begun < 15_000)
  })
})
