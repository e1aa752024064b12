import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { emit, forgetLetters } from '#platform'
import type { Tx } from '#platform'
import { candidatesOf } from '../contacts/index.ts'
import { findLaw, holidaysAround, openWindow, packsIn } from '../policy/index.ts'
import type { Law } from '../policy/index.ts'
import { MessageStateRefused, reminderDays, sendInstant } from './core.ts'
import { bringForward, cancelUnfit, findMessage, insertMessages, listTargets, lockMessage, reviveFit, setMessageCancelled } from './db.ts'
import type { MessageFacts, MessageRow, NewMessage, Target } from './db.ts'
import { listMessagesTo, setPersonsForgotten } from './erasure.db.ts'
import { MessageCancelled, MessageOptedOut, MessageScheduled } from './events.ts'

/** What every event of a message says of it. */
export const about = ({ id, accountId, channel, step }: Pick<MessageFacts, 'id' | 'accountId' | 'channel' | 'step'>) => ({ messageId: id, accountId, channel, step })

const tellScheduled = (tx: Tx, messages: readonly MessageFacts[]): void => {
  for (const message of messages) emit(tx, MessageScheduled, message, { ...about(message), plannedAt: message.plannedAt })
}

/** Plans the reminders of accounts whose placement has become active: each on its day, at nine by the borrower's clock or when the law first allows. Safe to repeat. */
export async function planReminders (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  const targets = await listTargets(tx, accountIds)
  const law = await findLaw(tx)
  const moments = new Map<string, string>()
  tellScheduled(tx, await insertMessages(tx, targets.flatMap(target => remindersFor(law, target, tx.ctx.now, moments))))
}

function remindersFor (law: Law, { borrowerKind, product, jurisdiction, region, timeZone, otherZones, dueOn, placedOn, ...target }: Target, now: Date, moments: Map<string, string>): NewMessage[] {
  const today = dayIn(timeZone, now)
  return reminderDays(dueOn, placedOn > today ? placedOn : today).map(({ step, on }) => {
    // Many debts of a portfolio share place and day: the law's hours are looked up once for each.
    const name = `${target.lenderId} ${on} ${timeZone} ${jurisdiction} ${region} ${product} ${borrowerKind} ${target.channel} ${otherZones.join('/')}`
    const plannedAt = moments.get(name) ?? firstLawful(law, { lenderId: target.lenderId, borrowerKind, product, jurisdiction, region, timeZone, otherZones }, on, target.channel)
    moments.set(name, plannedAt)
    return { ...target, step, plannedAt }
  })
}

function firstLawful (law: Law, { lenderId, borrowerKind, timeZone, otherZones, ...place }: Pick<Target, 'lenderId' | 'borrowerKind' | 'product' | 'jurisdiction' | 'region' | 'timeZone' | 'otherZones'>, on: string, channel: Target['channel']): string {
  const at = sendInstant(on, timeZone)
  const packs = packsIn(law, { ...place, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', collectorRole: 'agency', on }, lenderId)
  // Where no hour can be promised the day stands; policy is asked again when it comes, and says why.
  const publicHolidays = holidaysAround(place.jurisdiction, place.region, on)
  return new Date(openWindow(packs, candidatesOf(timeZone, otherZones, at.getTime()).timeZones, channel, at, { ...publicHolidays !== undefined && { publicHolidays } })?.opensAt ?? at).toISOString()
}

/**
 * Brings what is planned for accounts into line with how they stand now: cancels what lost its reason, and schedules again what regained it
 * and is still to come. It looks at the accounts and not at what happened to them, so it may run late, twice, or in any order.
 */
export async function reconcileMessages (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  for (const message of await cancelUnfit(tx, accountIds)) emit(tx, MessageCancelled, message, { ...about(message), reason: message.reason! })
  tellScheduled(tx, await reviveFit(tx, accountIds))
}

/** Honours refusals of contact: what is scheduled to the addresses is put before policy at once, which forbids it. */
export async function honourOptOuts (tx: Tx, consentIds: readonly Id<'consent'>[]): Promise<void> {
  for (const { lenderId, ...address } of await bringForward(tx, consentIds)) emit(tx, MessageOptedOut, { accountId: address.accountId, lenderId }, address)
}

/** Forgets the letters that the local mailbox kept for erased parties, and by what their person was known. That they were contacted, and when, stays on record. Safe to repeat. */
export async function forgetParties (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  if (partyIds.length === 0) return
  await forgetLetters(tx, await listMessagesTo(tx, partyIds))
  await setPersonsForgotten(tx, partyIds)
}

/** Cancels a message that is still scheduled. Throws `NotFound` and `MessageStateRefused`. */
export async function cancelMessage (tx: Tx, id: Id<'message'>): Promise<MessageRow> {
  const message = await lockMessage(tx, id)
  if (message.state !== 'scheduled') throw MessageStateRefused({ state: message.state })
  await setMessageCancelled(tx, id)
  emit(tx, MessageCancelled, message, { ...about(message), reason: 'requested' })
  return await findMessage(tx, id)
}
