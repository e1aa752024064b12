import { eq, sql } from 'drizzle-orm'
import t from 'tap'
import { jobStates, tenants } from '../../src/platform/index.ts'
import { findTenant, runJob } from '../../src/platform/jobs/run.ts'
import { mailboxSender } from '../../src/platform/outside/mailbox.ts'
import type { Sender } from '../../src/platform/outside.ts'
import { contactAttempts } from '../../src/modules/contacts/tables.ts'
import { messages } from '../../src/modules/outreach/tables.ts'
import { world } from '../world.ts'
import type { Agency } from '../world.ts'

const send = 'outreach.sendDueMessages'

const person = (phone: string, identity: string) => ({ dueOn: '2026-01-04', parties: [
  { role: 'borrower' as const, kind: 'person' as const, name: 'Li Wei', identity, contactPoints: [{ channel: 'phone' as const, value: phone }] },
] })

t.test('what is left of a person after an erasure', async t => {
  const w = await world()
  t.teardown(w.close)
  const kept = mailboxSender('sms', { db: w.db, vault: w.vault, findPrincipal: async id => await findTenant(w.db, id) })
  w.machine.outside.sms = kept
  const start = async () => {
    const agency = await w.agency({ now: '2026-01-05T09:00:00Z' })
    return { agency, bank: await w.lender(agency) }
  }
  const partyOf = async (of: Agency, accountId: string): Promise<string> => (await w.ok<{ data: { partyId: string }[] }>(of, 'GET', `/v1/accounts/${accountId}/parties`)).data[0]!.partyId
  const erase = async (of: Agency, partyId: string): Promise<void> => { await w.ok(of, 'POST', `/v1/parties/${partyId}/erase`, { reason: 'subjectRequest' }) }
  const recipients = async (of: Agency): Promise<string[]> => (await w.ok<{ data: { to: string }[] }>('operator', 'GET', `/v1/operations/mailbox?tenantId=${of.id}`)).data.map(({ to }) => to)
  const personsIn = async (of: Agency, table: typeof messages | typeof contactAttempts): Promise<string[]> =>
    (await w.tx(of, async tx => await tx.selectDistinct({ key: table.personKey }).from(table).where(eq(table.tenantId, of.id)))).map(({ key }) => key.split(':')[0]!).sort()
  const setClock = async (of: Agency, to: string): Promise<void> => { await w.tx(of, async tx => { await tx.update(tenants).set({ clockAt: to }).where(eq(tenants.tenantId, of.id)) }) }

  t.test('no letter to them in the mailbox, and the record that they were written to', async t => {
    const { agency, bank } = await start()
    const [gone, stays] = [await w.account(agency, bank, person('+8613900000001', '110101199001010001')), await w.account(agency, bank, person('+8613900000002', '110101199001010002'))]
    await w.liveUntil(agency, '2026-01-07T09:00:00Z')
    t.same((await recipients(agency)).sort(), ['+8613900000001', '+8613900000002'])
    await erase(agency, await partyOf(agency, gone.accountId))
    await w.settle(agency)
    t.same(await recipients(agency), ['+8613900000002'])
    for (const { accountId } of [gone, stays]) {
      t.match(await w.ok(agency, 'GET', `/v1/contact-attempts?accountId=${accountId}`), { data: [{ outcome: 'sent' }] })
      t.match(await w.ok(agency, 'GET', `/v1/messages?accountId=${accountId}&state=sent`), { data: [{ step: 3, sentAt: '2026-01-07T01:00:00Z' }] })
    }
    // The job reads its events a second time, as after a restored backup.
    await w.tx(agency, async tx => { await tx.update(jobStates).set({ sequence: 0 }).where(eq(jobStates.job, 'outreach.forgetParties')) })
    await w.settle(agency)
    t.same(await recipients(agency), ['+8613900000002'])
  })

  t.test('no hash of their identity number, unless another lender\'s record of them still has it', async t => {
    const { agency, bank } = await start()
    const other = await w.lender(agency)
    const [one, two] = [await w.account(agency, bank, person('+8613900000011', '110101199001010003')), await w.account(agency, other, person('+8613900000012', '110101199001010003'))]
    await w.liveUntil(agency, '2026-01-07T09:00:00Z')
    t.same(await personsIn(agency, contactAttempts), ['identity'])
    await erase(agency, await partyOf(agency, one.accountId))
    await w.settle(agency)
    t.same(await personsIn(agency, contactAttempts), ['identity'], 'counted with the other record')
    t.same(await personsIn(agency, messages), ['identity', 'party'])
    await erase(agency, await partyOf(agency, two.accountId))
    await w.settle(agency)
    t.same(await personsIn(agency, contactAttempts), ['party', 'party'])
    t.same(await personsIn(agency, messages), ['party', 'party'])
  })

  /** Has a worker hand over the message of an agency that is due, and erases its recipient while it is under way. */
  const eraseUnderWay = async (agency: Agency, accountId: string, arrive: (letter: Parameters<Sender['send']>[0]) => Promise<{ providerId: string | null }>): Promise<void> => {
    const partyId = await partyOf(agency, accountId)
    await w.settle(agency)
    await setClock(agency, '2026-01-07T01:00:00Z')
    w.machine.outside.sms = { send: async letter => {
      await erase(agency, partyId)
      await runJob(w.machine, 'outreach.forgetParties', agency.id)
      return await arrive(letter)
    } }
    await runJob(w.machine, send, agency.id)
    w.machine.outside.sms = kept
  }

  t.test('no letter that arrived after it', async t => {
    const { agency, bank } = await start()
    const { accountId } = await w.account(agency, bank, person('+8613900000021', '110101199001010004'))
    await eraseUnderWay(agency, accountId, async letter => await kept.send(letter))
    t.match(await w.ok(agency, 'GET', `/v1/messages?accountId=${accountId}&state=sent`), { data: [{ step: 3 }] })
    t.same(await recipients(agency), [])
    t.same(await personsIn(agency, contactAttempts), ['party'])
  })

  t.test('no letter that arrived after it though its sender died', async t => {
    const { agency, bank } = await start()
    const { accountId } = await w.account(agency, bank, person('+8613900000031', '110101199001010005'))
    await new Promise<void>(resolve => {
      void eraseUnderWay(agency, accountId, async letter => {
        await kept.send(letter)
        resolve()
        return await new Promise<never>(() => undefined)
      })
    })
    w.machine.outside.sms = kept
    t.same(await recipients(agency), ['+8613900000031'])
    await w.tx(agency, async tx => { await tx.update(messages).set({ claimedUntil: sql`now()` }).where(eq(messages.state, 'sending')) })
    await setClock(agency, '2026-01-07T01:02:00Z')
    await w.settle(agency)
    t.same(await recipients(agency), [])
  })

  t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})
