import { addDays } from '#kernel'
import { audit, nothing, parts, purseOf, total } from './auditor.ts'
import type { Change, Fact, Owed, Part, Stint } from './auditor.ts'
import type { Act } from './history.ts'
import { dayOf, isTaken, looking, note, owedAt, send, since, stintOf } from './lived.ts'
import type { House, Lived } from './lived.ts'

/*
 * What histories try, one by one: each is sent to the application, and what it answers is compared with what the auditor expects.
 */

type Payment = Extract<Fact, { kind: 'payment' }>
const paymentsOf = ({ facts }: Lived): Payment[] => facts.filter(fact => fact.kind === 'payment')

export async function pay (house: House, one: Lived, today: string, { on, amount, by, isPending }: { on: string, amount: number, by: 'agency' | 'lender', isPending: boolean }): Promise<boolean> {
  return await looking(house, one, async () => {
    const expected = refusalOf(one, on)
    const reply = await send(house, '/v1/payments', { accountId: one.accountId, amount, currency: 'CNY', receivedOn: on, receivedBy: by, method: 'bankTransfer', ...isPending && by === 'agency' && { pending: true } })
    if (!isTaken(one, `pay ${amount} on ${on}`, expected, reply)) return false
    note(one, { kind: 'payment', id: String(reply.body['id']), on, amount, by, isPending: isPending && by === 'agency' }, today)
    return true
  })
}

/** Whether a payment of a day is taken: of a debt that is over, those of before; in its tail when it is out of our hands, and while something was owed when it was settled. */
function refusalOf (one: Lived, on: string): string {
  const { state, endedOn, debt, facts } = one
  const { placedOn } = stintOf(one)
  if (state === 'closed' && (on > endedOn! || on < placedOn || total(audit(debt, facts.filter(fact => fact.on <= on), on).owed) === 0)) return 'account-not-placed'
  if (isOut(one) && on > addDays(endedOn!, debt.rules.tailDays)) return 'tail-over'
  return on < placedOn ? 'payment-before-placement' : 'ok'
}

export async function undo (house: House, one: Lived, today: string, of: Payment, on: string, reason: 'nsf' | 'clerical'): Promise<boolean> {
  const { isUndone, clearedOn } = wayOf(one, of)
  return await looking(house, one, async () => {
    const reply = await send(house, `/v1/payments/${of.id}/reverse`, { reason, reversedOn: on })
    if (!isTaken(one, `undo of ${of.on} on ${on}`, isUndone ? 'payment-already-reversed' : clearedOn !== null && on < clearedOn ? 'reversal-too-early' : 'ok', reply)) return false
    note(one, { kind: 'reversal', of: of.id, on, isReturned: reason === 'nsf' }, today)
    return true
  })
}

/** What has become of a payment. One that was made of money at the bank never clears. */
function wayOf ({ facts }: Lived, { id, isPending, receipt }: Payment): { isUndone: boolean, clearedOn: string | null } {
  const undoing = facts.findIndex(fact => fact.kind === 'reversal' && fact.of === id)
  const clearing = !isPending ? undefined : facts.find((fact, i) => (fact.kind === 'clearing' && fact.of === id) || (fact.kind === 'receiptClearing' && fact.of === receipt && (undoing < 0 || i < undoing)))
  return { isUndone: undoing >= 0, clearedOn: clearing?.on ?? null }
}

/** Payments that are on their way to the bank. */
const pendingOf = (one: Lived): Payment[] => paymentsOf(one).filter(of => of.isPending && !wayOf(one, of).isUndone && wayOf(one, of).clearedOn === null)

export async function clear (house: House, one: Lived, today: string, of: Payment, on: string): Promise<boolean> {
  const { isUndone, clearedOn } = wayOf(one, of)
  const reply = await send(house, `/v1/payments/${of.id}/clear`, { clearedOn: on })
  const expected = of.by === 'lender' ? 'clearing-not-applicable' : isUndone ? 'payment-already-reversed' : !of.isPending || clearedOn !== null ? 'payment-already-cleared' : of.receipt !== undefined ? 'clears-with-receipt' : 'ok'
  if (!isTaken(one, `clear ${of.on} on ${on}`, expected, reply)) return false
  note(one, { kind: 'clearing', of: of.id, on }, today)
  return true
}

/** Has all arrive that is on its way of a debt. */
export async function clearAll (house: House, one: Lived, today: string): Promise<void> {
  for (const of of pendingOf(one)) if (of.receipt === undefined) await clear(house, one, today, of, today)
  for (const { id } of receiptsOf(one)) if (purseOf(one.facts, id).isPending) await clearReceipt(house, one, today, id)
}

/** Whether a debt is out of the agency's hands. */
const isOut = ({ state }: Lived): boolean => state === 'recalled' || state === 'returned'

async function waive (house: House, one: Lived, today: string, { which, late }: Extract<Act, { kind: 'waive' }>): Promise<void> {
  const { data } = await house.w.ok<{ data: { id: string, kind: string, amount: number, toOn: string, waivedAt: string | null, supersededBy: string | null }[] }>(house.us, 'GET', `/v1/accounts/${one.accountId}/charges?limit=200`)
  const open = data.filter(({ amount, waivedAt, supersededBy }) => amount > 0 && waivedAt === null && supersededBy === null)
  const charge = nth(open, which)
  if (charge === undefined) return
  const part = charge.kind === 'interest' ? 'interest' as const : 'penalty' as const
  const on = since(one, addDays(today, -late))
  await looking(house, one, async () => {
    const owed = owedAt(one, on)
    const reply = await send(house, `/v1/charges/${charge.id}/waive`, { reason: 'goodwill', ...late > 0 && { waivedOn: on } })
    if (!isTaken(one, `waive ${charge.amount} on ${on}`, on < charge.toOn ? 'waiver-too-early' : isOut(one) ? 'account-not-placed' : owed[part] < charge.amount ? 'charge-not-open' : 'ok', reply)) return false
    const { data: made } = await house.w.ok<{ data: { id: string, chargeId: string | null, reversal: unknown }[] }>(house.us, 'GET', `/v1/accounts/${one.accountId}/adjustments?limit=200`)
    note(one, { kind: 'change', id: made.findLast(({ chargeId, reversal }) => chargeId === charge.id && reversal === null)!.id, what: 'waiver', raised: nothing(), lowered: { ...nothing(), [part]: charge.amount }, on }, today)
    return true
  })
}

type Changing = Omit<Extract<Fact, { kind: 'change' }>, 'kind' | 'id'>

/** Records what changes a debt and is no payment, part by part. */
export async function change (house: House, one: Lived, today: string, { what, raised, lowered, on }: Changing, body: object = partsOf(what, raised, lowered)): Promise<boolean> {
  const owed = one.state === 'active' && on >= stintOf(one).placedOn ? owedAt(one, on) : nothing()
  const expected = one.state !== 'active' ? 'account-not-placed' : on < stintOf(one).placedOn ? 'adjustment-before-placement' : parts.some(part => lowered[part] > owed[part]) ? 'more-than-owed' : 'ok'
  const path = { cost: 'costs', discount: 'discounts', writeOff: 'write-offs', balance: 'balance-adjustments', waiver: '' }[what]
  const reply = await send(house, `/v1/accounts/${one.accountId}/${path}`, { on, reason: 'other', ...what === 'discount' && { authorizedBy: 'M-1' }, ...body })
  if (!isTaken(one, `${what} of ${total(raised) - total(lowered)} on ${on}`, expected, reply)) return false
  note(one, { kind: 'change', id: String(reply.body['id']), what, raised, lowered, on }, today)
  return true
}

const some = (of: Owed): Partial<Owed> => Object.fromEntries(Object.entries(of).filter(([, amount]) => amount > 0))
const partsOf = (what: Change, raised: Owed, lowered: Owed): object =>
  what === 'cost' ? { amount: raised.costs } : what === 'balance' ? { ...total(raised) > 0 && { raised: some(raised) }, ...total(lowered) > 0 && { lowered: some(lowered) } } : { parts: some(lowered) }

async function tryChange (house: House, one: Lived, today: string, { what, late, amount, part, other, how }: Extract<Act, { kind: 'change' }>): Promise<void> {
  const on = addDays(today, -late)
  const only = (of: Part, sum: number): Owed => ({ ...nothing(), [of]: sum })
  if (what === 'cost') await change(house, one, today, { what, raised: only('costs', amount), lowered: nothing(), on })
  else if (what === 'balance') await change(house, one, today, { what, raised: how === 'all' ? nothing() : only(other, amount), lowered: how === 'amount' ? nothing() : only(part, Math.ceil(amount / 2)), on })
  else if (how === 'parts') await change(house, one, today, { what, raised: nothing(), lowered: only(part, amount), on })
  else {
    const owed = one.state === 'active' && on >= stintOf(one).placedOn ? owedAt(one, on) : only('principal', amount)
    const asked = how === 'all' ? Math.max(1, total(owed)) : amount
    const lowered = nothing()
    for (const of of one.debt.rules.order) lowered[of] = Math.min(asked - total(lowered), owed[of])
    // More than all that is owed is more than is owed of any part.
    if (asked > total(lowered)) lowered.principal = owed.principal + asked
    await change(house, one, today, { what, raised: nothing(), lowered, on }, { amount: asked })
  }
}

type Changed = Extract<Fact, { kind: 'change' }>
const changesOf = ({ facts }: Lived): Changed[] => facts.filter(fact => fact.kind === 'change')

/** Undoes what changed a debt. */
export async function unchange (house: House, one: Lived, today: string, of: Changed, on: string): Promise<boolean> {
  const isUndone = one.facts.some(fact => fact.kind === 'undoing' && fact.of === of.id)
  return await looking(house, one, async () => {
    const owed = owedAt(one, on)
    const expected = isUndone ? 'adjustment-already-reversed' : isOut(one) ? 'account-not-placed' : on < of.on ? 'reversal-too-early' : parts.some(part => of.raised[part] - of.lowered[part] > owed[part]) ? 'more-than-owed' : 'ok'
    const reply = await send(house, `/v1/adjustments/${of.id}/reverse`, { reversedOn: on })
    if (!isTaken(one, `undo ${of.what} of ${of.on} on ${on}`, expected, reply)) return false
    note(one, { kind: 'undoing', of: of.id, on }, today)
    return true
  })
}

type Receipt = Extract<Fact, { kind: 'receipt' }>
const receiptsOf = ({ facts }: Lived): Receipt[] => facts.filter(fact => fact.kind === 'receipt')

async function receive (house: House, one: Lived, today: string, { late, amount, pending }: Extract<Act, { kind: 'receive' }>): Promise<void> {
  const on = addDays(today, -late)
  const reply = await send(house, '/v1/receipts', { amount, currency: 'CNY', receivedOn: on, method: 'bankTransfer', reference: `${one.accountId}-${one.facts.length}`, pending })
  if (isTaken(one, `receive ${amount}`, 'ok', reply)) note(one, { kind: 'receipt', id: String(reply.body['id']), on, amount, isPending: pending }, today)
}

async function apply (house: House, one: Lived, today: string, { id, on }: Receipt, asked: number | null): Promise<void> {
  const { left, isPending } = purseOf(one.facts, id)
  const amount = asked ?? left
  await looking(house, one, async () => {
    const expected = left === 0 ? 'receipt-used-up' : amount > left ? 'receipt-overdrawn' : refusalOf(one, on)
    const reply = await send(house, `/v1/receipts/${id}/applications`, { accountId: one.accountId, ...asked !== null && { amount: asked } })
    if (!isTaken(one, `apply ${amount} of ${on}`, expected, reply)) return false
    note(one, { kind: 'payment', id: String(reply.body['id']), on, amount, by: 'agency', isPending, receipt: id }, today)
    return true
  })
}

async function clearReceipt (house: House, one: Lived, today: string, id: string): Promise<void> {
  const { isPending } = purseOf(one.facts, id)
  if (isTaken(one, 'clear a receipt', isPending ? 'ok' : 'receipt-already-cleared', await send(house, `/v1/receipts/${id}/clear`, { clearedOn: today }))) note(one, { kind: 'receiptClearing', of: id, on: today }, today)
}

async function giveBack (house: House, one: Lived, today: string, id: string): Promise<void> {
  const { left } = purseOf(one.facts, id)
  if (isTaken(one, 'give back a receipt', left === 0 ? 'receipt-used-up' : 'ok', await send(house, `/v1/receipts/${id}/return`, { returnedOn: today }))) note(one, { kind: 'receiptReturn', of: id, on: today, amount: left }, today)
}

async function placeAgain (house: House, one: Lived, today: string, { opening, dueIn }: Extract<Act, { kind: 'placeAgain' }>): Promise<void> {
  const stint: Stint = { opening, placedOn: today, dueOn: addDays(today, dueIn), values: house.values }
  const reply = await send(house, '/v1/placements', { ...one.input, lenderId: one.lenderId, placedOn: today, dueOn: stint.dueOn, balance: opening })
  if (!isTaken(one, 'place again', one.state === 'active' ? 'placement-duplicate' : 'ok', reply)) return
  one.placementId = String(reply.body['id'])
  note(one, { kind: 'placement', on: today, stint }, today)
}

async function hold (house: House, one: Lived, today: string, { hold: kind, late, forDays }: Extract<Act, { kind: 'hold' }>): Promise<void> {
  const from = addDays(today, -late)
  const until = forDays === null ? null : addDays(today, forDays)
  const reply = await send(house, '/v1/holds', { accountId: one.accountId, kind, ...late > 0 && { startsAt: `${from}T06:00:00Z` }, ...until !== null && { endsAt: `${until}T12:00:00Z` } })
  if (!isTaken(one, `hold ${kind}`, one.state === 'active' ? 'ok' : 'account-closed', reply)) return
  const fact = { kind: 'hold' as const, on: from, until, stopsInterest: kind !== 'complaint', stopsLateFees: true }
  one.holds.push({ id: String(reply.body['id']), fact })
  note(one, fact, today)
}

/** One of several, counted round; undefined when there is none. */
const nth = <T>(all: readonly T[], which: number): T | undefined => all[which % Math.max(1, all.length)]

/** Tries an act on the day it falls on. */
export async function attempt (house: House, one: Lived, act: Act): Promise<void> {
  const today = dayOf(act.at)
  switch (act.kind) {
    case 'pay':
      await pay(house, one, today, { on: addDays(today, -act.late), amount: act.amount, by: act.by, isPending: act.pending })
      break
    case 'payRest': {
      const rest = total(owedAt(one, today))
      if (rest > 0) await pay(house, one, today, { on: today, amount: rest, by: act.by, isPending: false })
      break
    }
    case 'undo': {
      const of = nth(paymentsOf(one), act.which)
      if (of === undefined) break
      const on = since(one, addDays(of.on, act.after))
      await undo(house, one, today, of, on > today ? today : on, act.reason)
      break
    }
    case 'clear': {
      const of = nth(paymentsOf(one), act.which)
      if (of !== undefined) await clear(house, one, today, of, today)
      break
    }
    case 'waive':
      await waive(house, one, today, act)
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
    case 'return':
      if (isTaken(one, act.kind, one.state === 'active' ? 'ok' : 'placement-state-refused', await send(house, `/v1/placements/${one.placementId}/${act.kind}`, {}))) note(one, { kind: act.kind, on: today }, today)
      break
    case 'placeAgain':
      await placeAgain(house, one, today, act)
      break
    case 'change':
      await tryChange(house, one, today, act)
      break
    case 'unchange': {
      const of = nth(changesOf(one), act.which)
      const on = of === undefined ? today : since(one, addDays(of.on, act.after))
      if (of !== undefined) await unchange(house, one, today, of, on > today ? today : on)
      break
    }
    case 'receive':
      await receive(house, one, today, act)
      break
    case 'apply':
    case 'clearReceipt':
    case 'giveBack':
      await handle(house, one, today, act)
  }
}

/** Does something with a receipt that is there. */
async function handle (house: House, one: Lived, today: string, act: Extract<Act, { kind: 'apply' | 'clearReceipt' | 'giveBack' }>): Promise<void> {
  const receipt = nth(receiptsOf(one), act.which)
  if (receipt === undefined) return
  if (act.kind === 'apply') await apply(house, one, today, receipt, act.amount)
  else if (act.kind === 'clearReceipt') await clearReceipt(house, one, today, receipt.id)
  else await giveBack(house, one, today, receipt.id)
}
