import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { emit, forgetLetters } from '#platform'
import type { Tx } from '#platform'
import { candidatesOf } from '../contacts/index.ts'
import { findLaw, holidaysAround, openWindow, packsIn } from '../policy/index.ts'
import type { Law } from '../policy/index.ts'
import { hourDefault, listSteps, ourSteps, reminderCode, stepDays } from '../strategies/index.ts'
import type { StepChannel, StrategyStep } from '../strategies/index.ts'
import { reconcileCalls } from './calls.commands.ts'
import { insertCallTasks } from './calls.db.ts'
import { MessageStateRefused, stepInstant } from './core.ts'
import { bringForward, findMessage, lockMessage, setMessageCancelled } from './db.ts'
import type { MessageFacts, MessageRow } from './db.ts'
import { listLettersTo, setPersonsForgotten } from './erasure.db.ts'
import { MessageCancelled, MessageOptedOut, MessageScheduled } from './events.ts'
import { cancelUnfit, insertMessages, listTargets, reviveFit } from './planning.db.ts'
import type { NewMessage, NewStep, Target } from './planning.db.ts'

/** What every event of a message says of it. */
export const about = ({ id, accountId, channel, step }: Pick<MessageFacts, 'id' | 'accountId' | 'channel' | 'step'>) => ({ messageId: id, accountId, channel, step })

/** Says that messages were planned. */
export const tellScheduled = (tx: Tx, messages: readonly MessageFacts[]): void => {
  for (const message of messages) emit(tx, MessageScheduled, message, { ...about(message), plannedAt: message.plannedAt })
}

/** The kind of address that each channel of a step uses. */
const addressOf: Record<StepChannel, Target['kind']> = { email: 'email', sms: 'phone', call: 'phone', letter: 'postal' }

/** Plans the steps of what debts follow from now on: each on its day, at its hour by the borrower's clock or when the law first allows. Safe to repeat. */
export async function planSteps (tx: Tx, enrolmentIds: readonly Id<'enrolment'>[]): Promise<void> {
  const targets = await listTargets(tx, enrolmentIds)
  const stepsOf = await listSteps(tx, [...new Set(targets.flatMap(({ strategyVersionId }) => strategyVersionId ?? []))])
  const law = await findLaw(tx)
  const moments = new Map<string, string>()
  const planned = targets.flatMap(target => stepsFor(law, target, target.strategyVersionId === null ? ourSteps : stepsOf.get(target.strategyVersionId)!, tx.ctx.now, moments))
  tellScheduled(tx, await insertMessages(tx, planned.flatMap(({ channel, template = reminderCode, ...step }): NewMessage[] => channel === 'call' ? [] : [{ ...step, channel, template }])))
  await insertCallTasks(tx, planned.filter(({ channel }) => channel === 'call'))
}

type Planned = NewStep & Pick<Target, 'personKey'> & Pick<StrategyStep, 'channel' | 'template'>

function stepsFor (law: Law, { kind, ...target }: Target, steps: readonly StrategyStep[], now: Date, moments: Map<string, string>): Planned[] {
  const { lenderId, timeZone, jurisdiction, region, product, borrowerKind, otherZones, dueOn, placedOn } = target
  const today = dayIn(timeZone, now)
  // Days count through every step, whether or not there is an address for it.
  return stepDays(steps, dueOn, placedOn > today ? placedOn : today).filter(({ step }) => addressOf[step.channel] === kind).map(({ step: { daysPastDue, channel, template, hour = hourDefault }, on }) => {
    // Many debts of a portfolio share place and day: the law's hours are looked up once for each.
    const name = `${lenderId} ${on} ${hour} ${timeZone} ${jurisdiction} ${region} ${product} ${borrowerKind} ${channel} ${otherZones.join('/')}`
    const plannedAt = moments.get(name) ?? firstLawful(law, target, on, hour, channel)
    moments.set(name, plannedAt)
    const { enrolmentId, placementId, accountId, partyId, contactPointId, personKey } = target
    return { enrolmentId, placementId, accountId, lenderId, partyId, contactPointId, personKey, channel, ...template !== undefined && { template }, step: daysPastDue, plannedAt }
  })
}

function firstLawful (law: Law, { lenderId, borrowerKind, product, jurisdiction, region, timeZone, otherZones }: Omit<Target, 'kind'>, on: string, hour: number, channel: StepChannel): string {
  const at = stepInstant(on, hour, timeZone)
  const packs = packsIn(law, { product, jurisdiction, region, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', collectorRole: 'agency', on }, lenderId)
  // Where no hour can be promised the day stands; policy is asked again when it comes, and says why.
  const publicHolidays = holidaysAround(jurisdiction, region, on)
  return new Date(openWindow(packs, candidatesOf(timeZone, otherZones, at.getTime()).timeZones, channel, at, { ...publicHolidays !== undefined && { publicHolidays } })?.opensAt ?? at).toISOString()
}

/**
 * Brings what is planned for accounts into line with how they stand now: cancels what lost its reason, and schedules again what regained it
 * and is still to come. It looks at the accounts and not at what happened to them, so it may run late, twice, or in any order.
 */
export async function reconcileMessages (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  for (const message of await cancelUnfit(tx, accountIds)) emit(tx, MessageCancelled, message, { ...about(message), reason: message.reason! })
  tellScheduled(tx, await reviveFit(tx, accountIds))
  await reconcileCalls(tx, accountIds)
}

/** Honours refusals of contact: what is scheduled to the addresses is put before policy at once, which forbids it. */
export async function honourOptOuts (tx: Tx, consentIds: readonly Id<'consent'>[]): Promise<void> {
  for (const { lenderId, ...address } of await bringForward(tx, consentIds)) emit(tx, MessageOptedOut, { accountId: address.accountId, lenderId }, address)
}

/** Forgets the letters that the local mailbox kept for erased parties, and by what their person was known. That they were contacted, and when, stays on record. Safe to repeat. */
export async function forgetParties (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  if (partyIds.length === 0) return
  await forgetLetters(tx, await listLettersTo(tx, partyIds))
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
