import { addDays, dayIn, startOfDay } from '#kernel'
import type { Id } from '#kernel'
import { emit, newId } from '#platform'
import type { Place, Tx, Vault } from '#platform'
import { AccountClosed, listAccountParties, lockAccount } from '../accounts/index.ts'
import { contactPointsOf, findConsent, lockParty, recordReveals } from '../parties/index.ts'
import type { RevealPurpose } from '../parties/index.ts'
import { beginHold } from '../protection/index.ts'
import type { HardshipInput } from './hardship.api.ts'
import { HardshipConsentMissing, HardshipDestroyed, capacityOf, checkAssessment, shareDefault, validUntilOf } from './hardship.core.ts'
import { destroyExpired, destroyOf, insertAssessment, lockAssessment } from './hardship.db.ts'
import type { HardshipRow } from './hardship.db.ts'
import { HardshipAssessed } from './events.ts'

const figuresPlace = (id: Id<'hardshipAssessment'>): Place => ({ table: 'hardship_assessments', column: 'figures', id })

/** What is sealed of an assessment. */
export type Sealed = Pick<HardshipInput, 'income' | 'expenses' | 'circumstances'> & { agreedShare: string }

/** An assessment as the API shows it to whoever does not read its figures. */
export const showAssessment = ({ figures: _, consentId, consentSource, consentedAt, ...assessment }: HardshipRow) => ({ ...assessment, consent: { consentId, source: consentSource, at: consentedAt } })

/** An assessment with its figures, and what follows from them. */
export const showFigures = (row: HardshipRow, figures: Sealed) => {
  const { disposable, instalment } = capacityOf(figures)
  return { ...showAssessment(row), ...figures, capacity: { disposable, instalment } }
}

/** A consent of the party's own that covers an assessment: to a service, at an address of theirs, not refused since, and not ended. Throws `HardshipConsentMissing`. */
async function consentOf (tx: Tx, { accountId, partyId, consentId }: { accountId: Id<'account'>, partyId: Id<'party'>, consentId: Id<'consent'> }) {
  const consent = await findConsent(tx, consentId)
  const isGood = consent !== null && consent.state === 'granted' && consent.purpose === 'service' && !consent.isRefusedSince
    && (consent.until === null || new Date(consent.until) > tx.ctx.now) && (consent.accountId === null || consent.accountId === accountId)
  if (!isGood || !(await contactPointsOf(tx, [partyId])).some(({ valueIndex }) => valueIndex.equals(consent.valueIndex))) throw HardshipConsentMissing({ consentId })
  return { consentId, consentSource: consent.source, consentedAt: consent.at }
}

/**
 * Works out what a party of a debt can pay, keeps it sealed until it expires, and holds the debt until a day when that is asked. Throws `NotFound`, `AccountClosed`, `PartyWasErased`,
 * `HardshipRefused`, `HardshipConsentMissing`.
 */
export async function assessHardship (tx: Tx, vault: Vault, input: HardshipInput) {
  const { accountId, partyId, currency, income, expenses, circumstances, agreedShare = shareDefault, holdUntil = null } = input
  const account = await lockAccount(tx, accountId)
  if (account.closedAt !== null) throw AccountClosed({ closedAt: account.closedAt })
  await lockParty(tx, partyId)
  const today = dayIn(account.timeZone, tx.ctx.now)
  const validUntil = validUntilOf(input.validUntil, today)
  const isOfDebt = (await listAccountParties(tx, accountId)).some(party => party.partyId === partyId)
  checkAssessment({ isOfDebt, consentedAt: 'consent' in input ? input.consent.at : null, currency, agreedShare, validUntil, holdUntil }, today, tx.ctx.now)
  const consent = 'consent' in input
    ? { consentId: null, consentSource: input.consent.source, consentedAt: new Date(input.consent.at).toISOString() }
    : await consentOf(tx, input)
  const endOf = (day: string): Date => startOfDay(addDays(day, 1), account.timeZone)
  const hold = holdUntil === null ? null : await beginHold(tx, account, 'hardshipReview', tx.ctx.now, endOf(holdUntil))
  const figures: Sealed = { income, expenses, circumstances, agreedShare }
  const { band } = capacityOf(figures)
  const id = newId('hardshipAssessment')
  const row = await insertAssessment(tx, {
    id, accountId, partyId, holdId: hold?.id ?? null, ...consent, currency, band, validUntil, dueAt: endOf(validUntil).toISOString(), figures: (await vault.safeOf(tx)).seal(figuresPlace(id), JSON.stringify(figures)),
  })
  // Of no lender's: what somebody can pay is not told to those they owe.
  emit(tx, HardshipAssessed, { accountId }, { hardshipAssessmentId: id, accountId, partyId, holdId: row.holdId, band })
  return showFigures(row, figures)
}

/** An assessment with its figures. That it was read, by whom and what for, is written down in the same transaction. Throws `NotFound`, `HardshipDestroyed`. */
export async function revealHardship (tx: Tx, vault: Vault, id: Id<'hardshipAssessment'>, purpose: RevealPurpose) {
  // The lock keeps its end from committing between the reading and the record of it.
  const row = await lockAssessment(tx, id)
  if (row.figures === null) throw HardshipDestroyed({ destroyedAt: row.destroyedAt })
  recordReveals(tx, [row.partyId], { operation: 'revealHardshipAssessment', purpose })
  // The boundary of what was sealed here.
  return showFigures(row, JSON.parse((await vault.safeOf(tx)).open(figuresPlace(id), row.figures)) as Sealed)
}

/** How many assessments one transaction destroys. */
const expiredMax = 500

/** Destroys the figures of assessments that are no longer good. Answers whether more may be due. */
export const destroyDue = async (tx: Tx): Promise<boolean> => await destroyExpired(tx, expiredMax) === expiredMax

/** Destroys the figures of parties whose personal data was erased. Safe to repeat. */
export async function forgetHardshipOf (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  if (partyIds.length > 0) await destroyOf(tx, partyIds)
}
