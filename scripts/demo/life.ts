import { addDays, dayIn } from '../../src/kernel/index.ts'
import { Refused } from './client.ts'
import type { Client } from './client.ts'
import type { Act, Day } from './portfolio.ts'

/** Who acts in the demonstration, and what it needs to find things again. */
export interface Cast { operator: Client, agency: Client, lender: Client, collectors: Client[], lenderId: string, testClockId: string, queueId: string, timeZone: string }

interface Account { id: string, currency: string, closedAt: string | null, balance: { total: number } }
interface Clock { state: 'ready' | 'advancing', nowAt: string }
interface Batch { id: string, state: string, rowCount: number, acceptedCount: number, duplicateCount: number, rejectedCount: number }
interface Grant { items: { workItemId: string, why: { attempts: number, balance: number } }[] }

/** The hour at which a day of the story is lived: morning on the east coast, when calls are lawful there. */
const hour = 'T15:00:00Z'
const collectorsHour = 'T15:30:00Z'
const itemsPerCollector = 6
const bounceDays = 3
const pollMs = 15

/** Lives one day up to the collectors' work: time passes to it, debts are placed, people act, what bounced comes back, and all that follows from it is done. */
export async function liveDay (cast: Cast, day: Day, bounced: Map<string, string[]>): Promise<void> {
  await advance(cast, `${day.on}${hour}`)
  if (day.batch !== null) await place(cast, day.batch)
  for (const paymentId of bounced.get(day.on) ?? []) await cast.agency.post(`/v1/payments/${paymentId}/reverse`, { reason: 'nsf', reversedOn: day.on })
  for (const act of day.acts) await perform(cast, day.on, act, bounced)
  // Time moves on only when everything that follows from what was done is done too.
  if (day.batch !== null || day.acts.length > 0 || bounced.has(day.on)) await advance(cast, `${day.on}${collectorsHour}`)
}

/** Lets time pass, and waits until everything due on the way is done. */
export async function advance ({ agency, testClockId }: Cast, to: string): Promise<void> {
  let clock = await agency.get<Clock>(`/v1/test-clocks/${testClockId}`)
  if (new Date(clock.nowAt) >= new Date(to)) return
  await agency.post(`/v1/test-clocks/${testClockId}/advance`, { to })
  do {
    await new Promise(resolve => setTimeout(resolve, pollMs))
    clock = await agency.get<Clock>(`/v1/test-clocks/${testClockId}`)
  } while (clock.state !== 'ready')
}

async function place ({ lender }: Cast, { contentType, body, count, mapping }: NonNullable<Day['batch']>): Promise<void> {
  const query = new URLSearchParams({ expectedCount: String(count), ...mapping !== null && { mapping: JSON.stringify(mapping) } })
  let batch = await lender.send<Batch>(`/v1/placement-batches?${query.toString()}`, contentType, body)
  while (batch.state !== 'processed') {
    await new Promise(resolve => setTimeout(resolve, pollMs))
    batch = await lender.get<Batch>(`/v1/placement-batches/${batch.id}`)
  }
  if (batch.acceptedCount !== count) {
    const rows = await lender.get<{ data: unknown[] }>(`/v1/placement-batches/${batch.id}/rows?outcome=rejected&limit=3`)
    throw new Error(`${batch.acceptedCount} of ${count} debts were accepted; rejected are, for example: ${JSON.stringify(rows.data)}`)
  }
}

async function accountOf ({ agency, lenderId }: Cast, reference: string): Promise<Account> {
  const { data } = await agency.get<{ data: Account[] }>(`/v1/accounts?lenderId=${lenderId}&lenderReference=${encodeURIComponent(reference)}`)
  if (data[0] === undefined) throw new Error(`there is no account ${reference}`)
  return data[0]
}

async function perform (cast: Cast, on: string, act: Act, bounced: Map<string, string[]>): Promise<void> {
  const account = await accountOf(cast, act.reference)
  if (account.closedAt !== null) return
  if (act.kind === 'pay') return await pay(cast, on, act, account, bounced)
  if (act.kind === 'dispute') {
    await cast.lender.post('/v1/disputes', { accountId: account.id, reason: 'wrongAmount' })
    return
  }
  const { data } = await cast.agency.get<{ data: { id: string, state: string }[] }>(`/v1/disputes?accountId=${account.id}`)
  const open = data.find(({ state }) => state === 'open')
  if (open !== undefined) await cast.agency.post(`/v1/disputes/${open.id}/resolve`, { outcome: act.outcome })
}

async function pay (cast: Cast, on: string, { reference, share, to, bounces }: Act & { kind: 'pay' }, account: Account, bounced: Map<string, string[]>): Promise<void> {
  // In hundredths, so that no amount passes through a fraction.
  const amount = share === 1 ? account.balance.total : Math.max(1, Number(BigInt(account.balance.total) * BigInt(Math.round(share * 100)) / 100n))
  const payer = to === 'lender' ? cast.lender : cast.agency
  const payment = await payer.post<{ id: string }>('/v1/payments', {
    accountId: account.id, amount, currency: account.currency, receivedOn: dayIn(cast.timeZone, new Date(`${on}${hour}`)), receivedBy: to, method: 'bankTransfer', reference: `${reference}/${on}`,
  })
  if (!bounces) return
  const returnedOn = addDays(on, bounceDays)
  bounced.set(returnedOn, [...bounced.get(returnedOn) ?? [], payment.id])
}

const outcomes = ['noAnswer', 'noAnswer', 'voicemail', 'busy', 'noAnswer', 'promised', 'refused'] as const

/** Collectors pull what may be called now and say how each call went. Answers how many were called. */
export async function work ({ collectors, queueId }: Cast, on: string): Promise<number> {
  let called = 0
  for (const collector of collectors) {
    const { items } = await collector.post<Grant>(`/v1/queues/${queueId}/leases`, { count: itemsPerCollector, ttlSeconds: 900 })
    for (const { workItemId, why } of items) {
      const outcome = outcomes[(why.balance + why.attempts) % outcomes.length]!
      const again = outcome === 'refused' ? null : `${addDays(on, outcome === 'promised' ? 10 : 2 + why.attempts)}${hour}`
      try {
        await collector.post(`/v1/work-items/${workItemId}/complete`, { outcome, ...again !== null && { nextAction: { readyAt: again } } })
        called++
      } catch (error) {
        // Work can be taken back while a call is made; anything else is a fault.
        if (!(error instanceof Refused && error.status === 409)) throw error
      }
    }
  }
  return called
}
