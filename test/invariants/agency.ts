import { addDays } from '#kernel'
import { aDebt } from '../world.ts'
import type { Agency, Lender, World } from '../world.ts'
import { audit, total } from './auditor.ts'
import type { Audited, Debt, Fact } from './auditor.ts'
import { agreements, daysMax } from './history.ts'
import type { Act, History, Round } from './history.ts'

export const firstDay = '2026-01-05'
export const dayOf = (n: number): string => addDays(firstDay, n)
export const lastDay = dayOf(daysMax)

/** A debt in the books, with its history, the facts that the application took, and where the auditor believes it stands. */
export interface Lived {
  history: History, debt: Debt, lenderId: string, accountId: string, placementId: string, facts: Fact[]
  state: 'active' | 'closed' | 'recalled', endedOn: string | null, holds: { id: string, fact: Extract<Fact, { kind: 'hold' }> }[]
  /** What the application answered that the auditor had not expected. */
  surprises: string[]
}

/** An agency with its lenders, agreement by agreement, and all the debts that live side by side. */
export interface House { w: World, us: Agency, lenders: Lender[][], lived: Lived[] }

/** An agency in the zone of its debts, with so many lenders for each agreement. */
export async function openHouse (w: World, lendersMax: number): Promise<House> {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'UTC', now: `${firstDay}T06:00:00Z` })
  const open = async ({ terms, plan }: typeof agreements[number]): Promise<Lender> => {
    const lender = await w.lender(us, terms)
    if (plan !== null) await w.ok(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, { currency: 'CNY', validFrom: '2020-01-01', terms: plan })
    return lender
  }
  const lenders: Lender[][] = []
  for (const agreed of agreements) lenders.push(await Promise.all(Array.from({ length: lendersMax }, async () => await open(agreed))))
  return { w, us, lenders, lived: [] }
}

/** The lender of a history in a house: the same number is another one where there are fewer. */
export const lenderOf = ({ lenders }: House, { agreement, lender }: History): Lender => lenders[agreement]![lender % lenders[agreement]!.length]!

/** Hands debts over, each lender's in one batch; today is day `n`. Answers them in the order given. */
export async function place (house: House, n: number, histories: readonly History[]): Promise<Lived[]> {
  const placed = new Map<History, Lived>()
  await forEach([...new Set(histories.map(history => lenderOf(house, history)))], async lender => {
    const own = histories.filter(history => lenderOf(house, history) === lender)
    const debts = own.map(({ agreement, opening, placedLate, dueIn }): Debt => ({ rules: agreements[agreement]!.rules, opening, placedOn: dayOf(n - placedLate), dueOn: dayOf(n + dueIn) }))
    const { rows } = await house.w.ok<{ rows: { outcome: string, accountId: string, placementId: string }[] }>(house.us, 'POST', `/v1/placement-batches?lenderId=${lender.id}`, {
      rows: debts.map(({ opening, placedOn, dueOn }) => ({ ...aDebt(), timeZone: 'UTC', jurisdiction: 'US', dueOn, placedOn, balance: opening, parties: [{ role: 'borrower', kind: 'person', name: 'B' }] })),
    })
    for (const [k, { outcome, accountId, placementId }] of rows.entries()) {
      if (outcome !== 'accepted') throw new Error(`a debt was ${outcome}`)
      placed.set(own[k]!, { history: own[k]!, debt: debts[k]!, lenderId: lender.id, accountId, placementId, facts: [], state: 'active', endedOn: null, holds: [], surprises: [] })
    }
  })
  const all = histories.map(history => placed.get(history)!)
  house.lived.push(...all)
  return all
}

interface Reply { status: number, code: string, body: Record<string, unknown> }

async function send (house: House, path: string, body: object): Promise<Reply> {
  const reply = await house.w.call(house.us, 'POST', path, body)
  const read = reply.json<Record<string, unknown>>()
  return { status: reply.statusCode, code: reply.statusCode < 300 ? 'ok' : String(read['code']), body: read }
}

/** Compares what was answered with what the auditor expects, and says whether it was taken. */
function isTaken (one: Lived, what: string, expected: string, { code }: Reply): boolean {
  if (code !== expected) one.surprises.push(`${what}: ${code} instead of ${expected}`)
  return code === 'ok'
}

/** Notes a fact that was taken, and where the debt stands with it. */
export function note (one: Lived, fact: Fact, today: string): void {
  one.facts.push(fact)
  const owed = total(audit(one.debt, one.facts, today).owed)
  if (fact.kind === 'recall') one.state = 'recalled'
  else if (one.state === 'active' && owed === 0) one.state = 'closed'
  else if (one.state === 'closed' && fact.kind === 'reversal' && owed > 0) one.state = 'active'
  one.endedOn = one.state === 'active' ? null : one.endedOn ?? today
}

type Payment = Extract<Fact, { kind: 'payment' }>
const paymentsOf = ({ facts }: Lived): Payment[] => facts.filter(fact => fact.kind === 'payment')

/** Whether a payment of a day is taken: of a debt that is over, those of before; in its tail when it was recalled, and while something was owed when it was settled. */
function refusalOf ({ state, endedOn, debt, facts }: Lived, on: string, today: string): string {
  if (state === 'closed' && (on > endedOn! || on < debt.placedOn || total(audit(debt, facts.filter(fact => fact.on <= on), on).owed) === 0)) return 'account-not-placed'
  if (state === 'recalled' && on > addDays(endedOn!, debt.rules.tailDays)) return 'tail-over'
  return on < debt.placedOn ? 'payment-before-placement' : on > today ? 'payment-in-future' : 'ok'
}

export async function pay (house: House, one: Lived, today: string, { on, amount, by, isPending }: { on: string, amount: number, by: 'agency' | 'lender', isPending: boolean }): Promise<boolean> {
  const expected = refusalOf(one, on, today)
  const reply = await send(house, '/v1/payments', { accountId: one.accountId, amount, currency: 'CNY', receivedOn: on, receivedBy: by, method: 'bankTransfer', ...isPending && by === 'agency' && { pending: true } })
  if (!isTaken(one, `pay ${amount} on ${on}`, expected, reply)) return false
  note(one, { kind: 'payment', id: String(reply.body['id']), on, amount, by, isPending: isPending && by === 'agency' }, today)
  return true
}

export async function undo (house: House, one: Lived, today: string, of: Payment, on: string, reason: 'nsf' | 'clerical'): Promise<boolean> {
  const { isUndone, clearedOn } = wayOf(one, of)
  const reply = await send(house, `/v1/payments/${of.id}/reverse`, { reason, reversedOn: on })
  if (!isTaken(one, `undo of ${of.on} on ${on}`, isUndone ? 'payment-already-reversed' : clearedOn !== null && on < clearedOn ? 'reversal-too-early' : 'ok', reply)) return false
  note(one, { kind: 'reversal', of: of.id, on, isReturned: reason === 'nsf' }, today)
  return true
}

/** What has become of a payment. */
function wayOf ({ facts }: Lived, { id }: Payment): { isUndone: boolean, clearedOn: string | null } {
  const clearing = facts.find(fact => fact.kind === 'clearing' && fact.of === id)
  return { isUndone: facts.some(fact => fact.kind === 'reversal' && fact.of === id), clearedOn: clearing?.on ?? null }
}

/** Payments that are on their way to the bank. */
export const pendingOf = (one: Lived): Payment[] => paymentsOf(one).filter(of => of.isPending && !wayOf(one, of).isUndone && wayOf(one, of).clearedOn === null)

export async function clear (house: House, one: Lived, today: string, of: Payment, on: string): Promise<boolean> {
  const { isUndone, clearedOn } = wayOf(one, of)
  const reply = await send(house, `/v1/payments/${of.id}/clear`, { clearedOn: on })
  const expected = of.by === 'lender' ? 'clearing-not-applicable' : isUndone ? 'payment-already-reversed' : !of.isPending || clearedOn !== null ? 'payment-already-cleared' : 'ok'
  if (!isTaken(one, `clear ${of.on} on ${on}`, expected, reply)) return false
  note(one, { kind: 'clearing', of: of.id, on }, today)
  return true
}

async function waive (house: House, one: Lived, today: string, which: number): Promise<void> {
  const { data } = await house.w.ok<{ data: { id: string, kind: string, amount: number, waivedAt: string | null, supersededBy: string | null }[] }>(house.us, 'GET', `/v1/accounts/${one.accountId}/charges?limit=200`)
  const open = data.filter(({ amount, waivedAt, supersededBy }) => amount > 0 && waivedAt === null && supersededBy === null)
  const charge = open[which % Math.max(1, open.length)]
  if (charge === undefined) return
  const part = charge.kind === 'interest' ? 'interest' as const : 'penalty' as const
  const { owed } = audit(one.debt, one.facts, today)
  const reply = await send(house, `/v1/charges/${charge.id}/waive`, { reason: 'goodwill' })
  if (isTaken(one, `waive ${charge.amount}`, owed[part] < charge.amount ? 'charge-not-open' : 'ok', reply)) note(one, { kind: 'waiver', part, amount: charge.amount, on: today }, today)
}

async function hold (house: House, one: Lived, today: string, { hold: kind, late, forDays }: Extract<Act, { kind: 'hold' }>): Promise<void> {
  const since = addDays(today, -late)
  const until = forDays === null ? null : addDays(today, forDays)
  const reply = await send(house, '/v1/holds', { accountId: one.accountId, kind, ...late > 0 && { startsAt: `${since}T06:00:00Z` }, ...until !== null && { endsAt: `${until}T12:00:00Z` } })
  if (!isTaken(one, `hold ${kind}`, one.state === 'active' ? 'ok' : 'account-closed', reply)) return
  const fact = { kind: 'hold' as const, on: since, until, stopsInterest: kind !== 'complaint', stopsLateFees: true }
  one.holds.push({ id: String(reply.body['id']), fact })
  note(one, fact, today)
}

/** Tries an act on the day it falls on. */
export async function attempt (house: House, one: Lived, act: Act): Promise<void> {
  const today = dayOf(act.at)
  switch (act.kind) {
    case 'pay':
      await pay(house, one, today, { on: addDays(today, -act.late), amount: act.amount, by: act.by, isPending: act.pending })
      break
    case 'payRest': {
      const rest = total(audit(one.debt, one.facts, today).owed)
      if (rest > 0) await pay(house, one, today, { on: today, amount: rest, by: act.by, isPending: false })
      break
    }
    case 'undo': {
      const of = paymentsOf(one)[act.which]
      if (of === undefined) break
      const on = addDays(of.on, act.after)
      await undo(house, one, today, of, on > today ? today : on, act.reason)
      break
    }
    case 'clear': {
      const of = paymentsOf(one)[act.which]
      if (of !== undefined) await clear(house, one, today, of, today)
      break
    }
    case 'waive':
      await waive(house, one, today, act.which)
      break
    case 'hold':
      await hold(house, one, today, act)
      break
    case 'release': {
      const open = one.holds.find(({ fact }) => fact.until === null || fact.until >= today)
      if (open === undefined) break
      if (isTaken(one, 'release', 'ok', await send(house, `/v1/holds/${open.id}/release`, {}))) open.fact.until = today
      one.holds = one.holds.filter(other => other !== open)
      break
    }
    case 'recall':
      if (isTaken(one, 'recall', one.state === 'active' ? 'ok' : 'placement-state-refused', await send(house, `/v1/placements/${one.placementId}/recall`, {}))) note(one, { kind: 'recall', on: today }, today)
      break
  }
}

/** How many debts act at once. */
const lanes = 4

/** Does something for each of many debts, some at a time. */
export async function forEach<T> (all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  const left = [...all]
  await Promise.all(Array.from({ length: lanes }, async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }))
}

/** What the agency does with its lenders' money on day `n`. */
export async function goRound ({ w, us, lenders }: House, n: number, { remit, turn, through, invoices }: Round): Promise<void> {
  const run = async (of: object): Promise<void> => { await w.ok(us, 'POST', '/v1/remittance-runs', { through: dayOf(n - through), ...of }) }
  if (remit === 'all') await run({})
  if (remit === 'some') await forEach(lenders.flat().filter((_, i) => i % 3 === turn), async ({ id: lenderId }) => { await run({ lenderId }) })
  await w.settle(us)
  if (invoices !== 'none') await payInvoices({ w, us }, n, invoices)
}

/** The lenders pay what is open of their invoices, or half of it. */
export async function payInvoices ({ w, us }: Pick<House, 'w' | 'us'>, n: number, share: 'part' | 'all'): Promise<void> {
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { data: { id: string, open: number }[], nextCursor: string | null } = await w.ok(us, 'GET', `/v1/invoices?kind=invoice&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    await forEach(page.data.filter(({ open }) => open > 0), async ({ id, open }) => {
      await w.ok(us, 'POST', `/v1/invoices/${id}/payments`, { amount: share === 'all' ? open : Math.ceil(open / 2), paidOn: dayOf(n) })
    })
    cursor = page.nextCursor
  }
  await w.settle(us)
}

/**
 * The order of a day: first holds that are told late, since a job computes what comes of them and all else of the day meets that; last what the lenders take
 * back, when debts that came back to work that day have been charged up to it.
 */
const phases: readonly ((act: Act) => boolean)[] = [
  act => act.kind === 'hold' && act.late > 0, act => act.kind !== 'recall' && !(act.kind === 'hold' && act.late > 0), act => act.kind === 'recall',
]

/** Lives all histories side by side, day by day; `evening` is called when a day's work is done. The last day is empty: what is told late is told then. */
export async function live (house: House, histories: readonly History[], rounds: readonly Round[], evening: (n: number) => Promise<void>): Promise<void> {
  const { w, us } = house
  for (let n = 0; n < daysMax; n++) {
    if (n > 0) await w.liveUntil(us, `${dayOf(n)}T06:00:00Z`)
    await place(house, n, histories.filter(({ placedAt }) => placedAt === n))
    await w.settle(us)
    for (const isIn of phases) {
      await forEach(house.lived, async one => { for (const act of one.history.acts) if (act.at === n && isIn(act)) await attempt(house, one, act) })
      await w.settle(us)
    }
    await goRound(house, n, rounds[n]!)
    await evening(n)
  }
  await w.liveUntil(us, `${lastDay}T06:00:00Z`)
}

/** The auditor's word on a debt at the end. */
export const auditOf = ({ debt, facts }: Lived): Audited => audit(debt, facts, lastDay)
