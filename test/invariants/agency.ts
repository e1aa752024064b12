import { total } from './auditor.ts'
import type { Debt } from './auditor.ts'
import { attempt } from './acts.ts'
import { agreements, daysMax, rateName } from './history.ts'
import type { Act, History, Round } from './history.ts'
import { dayOf, firstDay, inputOf, lastDay, owedAt, stintOf } from './lived.ts'
import type { House, Lived } from './lived.ts'
import type { Lender, World } from '../world.ts'

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
  return { w, us, lenders, lived: [], values: new Map() }
}

/** The lender of a history in a house: the same number is another one where there are fewer. */
export const lenderOf = ({ lenders }: House, { agreement, lender }: History): Lender => lenders[agreement]![lender % lenders[agreement]!.length]!

/** Hands debts over, each lender's in one batch; today is day `n`. Answers them in the order given. */
export async function place (house: House, n: number, histories: readonly History[]): Promise<Lived[]> {
  const placed = new Map<History, Lived>()
  await forEach([...new Set(histories.map(history => lenderOf(house, history)))], async lender => {
    const own = histories.filter(history => lenderOf(house, history) === lender)
    const debts = own.map(({ agreement, opening, placedLate, dueIn }): Debt => ({ rules: agreements[agreement]!.rules, opening, placedOn: dayOf(n - placedLate), dueOn: dayOf(n + dueIn), values: house.values }))
    const inputs = debts.map(inputOf)
    const { rows } = await house.w.ok<{ rows: { outcome: string, accountId: string, placementId: string }[] }>(house.us, 'POST', `/v1/placement-batches?lenderId=${lender.id}`, {
      rows: inputs,
    })
    for (const [k, { outcome, accountId, placementId }] of rows.entries()) {
      if (outcome !== 'accepted') throw new Error(`a debt was ${outcome}`)
      placed.set(own[k]!, { history: own[k]!, debt: debts[k]!, input: inputs[k]!, lenderId: lender.id, accountId, placementId, facts: [], state: 'active', endedOn: null, holds: [], surprises: [] })
    }
  })
  const all = histories.map(history => placed.get(history)!)
  house.lived.push(...all)
  return all
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
const isEnding = ({ kind }: Act): boolean => kind === 'recall' || kind === 'return'
const phases: readonly ((act: Act) => boolean)[] = [
  act => act.kind === 'hold' && act.late > 0, act => !isEnding(act) && !(act.kind === 'hold' && act.late > 0), isEnding,
]

/** Has the agency learn of the reference rate: debts at work follow it. */
async function learnRate (house: House, n: number, { late, value }: NonNullable<Round['rate']>): Promise<void> {
  const effectiveOn = dayOf(n - late)
  await house.w.ok(house.us, 'POST', '/v1/reference-rates', { name: rateName, source: 'the house', values: [{ effectiveOn, value }] })
  const values = new Map(house.values)
  if (value === null) values.delete(effectiveOn)
  else values.set(effectiveOn, value)
  house.values = values
  for (const one of house.lived) {
    if (one.state !== 'active') continue
    stintOf(one).values = values
    if (total(owedAt(one, dayOf(n))) === 0) [one.state, one.endedOn] = ['closed', dayOf(n)]
  }
  await house.w.settle(house.us)
}

/** Lives all histories side by side, day by day; `evening` is called when a day's work is done. The last day is empty: what is told late is told then. */
export async function live (house: House, histories: readonly History[], rounds: readonly Round[], evening: (n: number) => Promise<void>): Promise<void> {
  const { w, us } = house
  for (let n = 0; n < daysMax; n++) {
    if (n > 0) await w.liveUntil(us, `${dayOf(n)}T06:00:00Z`)
    await place(house, n, histories.filter(({ placedAt }) => placedAt === n))
    await w.settle(us)
    const { rate } = rounds[n]!
    if (rate !== null) await learnRate(house, n, rate)
    for (const isIn of phases) {
      await forEach(house.lived, async one => { for (const act of one.history.acts) if (act.at === n && isIn(act)) await attempt(house, one, act) })
      await w.settle(us)
    }
    await goRound(house, n, rounds[n]!)
    await evening(n)
  }
  await w.liveUntil(us, `${lastDay}T06:00:00Z`)
}
