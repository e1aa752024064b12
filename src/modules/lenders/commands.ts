import { isDeepStrictEqual } from 'node:util'
import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { createLenderKey as createKey, findTenant } from '../tenants/index.ts'
import type { AgreementInput, LenderChange, LenderInput, LenderKeyInput } from './api.ts'
import { AgreementMissing, LenderTypeRefused, checkTerms, typesAfter } from './core.ts'
import { findAgreement, findAgreementInForce, findLender, insertAgreement, insertLender, lockLender, setLender } from './db.ts'
import type { Agreement } from './db.ts'
import { AgreementCreated, LenderCreated, LenderUpdated } from './events.ts'

/** Adds a creditor. */
export async function createLender (tx: Tx, input: LenderInput) {
  const lender = await insertLender(tx, { name: input.name, type: input.type ?? null })
  emit(tx, LenderCreated, { lenderId: lender.id }, { lenderId: lender.id })
  return lender
}

/**
 * Gives a lender another name or type. A type that is given a day holds from then on; one without corrects what was missing or wrong, and always held. What its
 * debts may be charged is asked anew by a job. What is as it was changes nothing. Throws `NotFound`, `LenderTypeRefused`.
 */
export async function updateLender (tx: Tx, lenderId: Id<'lender'>, change: LenderChange) {
  const known = await lockLender(tx, lenderId)
  const { name = known.name, type, typeSince } = change
  if (type === undefined && typeSince !== undefined) throw LenderTypeRefused({}, { violations: [{ pointer: '/typeSince', message: 'is of a `type`, and there is none' }] })
  const types = type === undefined ? known : typesAfter(known, type, typeSince ?? null, await today(tx))
  const isTypeChanged = types.type !== known.type || !isDeepStrictEqual(types.formerTypes, known.formerTypes)
  if (name === known.name && !isTypeChanged) return known
  const lender = await setLender(tx, lenderId, { name, type: types.type, formerTypes: types.formerTypes })
  emit(tx, LenderUpdated, { lenderId }, { lenderId, isTypeChanged, typeSince: isTypeChanged ? typeSince ?? null : null })
  return lender
}

/** Adds the next version of the agreement for a currency. Debts placed before keep theirs. */
export async function createAgreement (tx: Tx, lenderId: Id<'lender'>, input: AgreementInput): Promise<Agreement> {
  const { currency, effectiveOn, terms } = input
  checkTerms(currency, terms)
  await lockLender(tx, lenderId)
  const agreement = await insertAgreement(tx, { lenderId, currency, terms, effectiveOn: effectiveOn ?? await today(tx) })
  emit(tx, AgreementCreated, { lenderId }, { lenderId, agreementId: agreement.id, version: agreement.version })
  return agreement
}

/** The agency's own calendar day. */
const today = async (tx: Tx): Promise<string> => dayIn((await findTenant(tx)).timeZone, tx.ctx.now)

/** Makes a key with which the lender reaches its own rows and no others. */
export async function createLenderKey (tx: Tx, lenderId: Id<'lender'>, input: LenderKeyInput, secret: Buffer) {
  if (await findLender(tx, lenderId) === null) throw NotFound()
  return await createKey(tx, lenderId, input, secret)
}

/** The agreement a new placement falls under: the one named, or the newest in force on the day. Throws `AgreementMissing`. */
export async function agreementFor (tx: Tx, lenderId: Id<'lender'>, currency: string, on: string, agreementId?: Id<'agreement'>): Promise<Agreement> {
  const agreement = agreementId === undefined ? await findAgreementInForce(tx, lenderId, currency, on) : await findAgreement(tx, agreementId)
  if (agreement === null || agreement.lenderId !== lenderId || agreement.currency !== currency) throw AgreementMissing({ currency, on })
  return agreement
}
