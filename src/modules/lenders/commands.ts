import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { createLenderKey as createKey, findTenant } from '../tenants/index.ts'
import type { AgreementInput, LenderInput, LenderKeyInput } from './api.ts'
import { AgreementMissing, checkTerms } from './core.ts'
import { findAgreement, findAgreementInForce, findLender, insertAgreement, insertLender, lockLender } from './db.ts'
import type { Agreement } from './db.ts'
import { AgreementCreated, LenderCreated } from './events.ts'

/** Adds a creditor. */
export async function createLender (tx: Tx, input: LenderInput) {
  const lender = await insertLender(tx, { name: input.name, type: input.type ?? null })
  emit(tx, LenderCreated, { lenderId: lender.id }, { lenderId: lender.id })
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
