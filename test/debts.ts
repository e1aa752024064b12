import { newId } from '../src/platform/index.ts'
import { noBuckets } from '../src/kernel/index.ts'
import type { Buckets, Id } from '../src/kernel/index.ts'
import { insertAccountParties, insertAccounts } from '../src/modules/accounts/index.ts'
import type { NewAccount } from '../src/modules/accounts/index.ts'
import { linesFor, postOpenings } from '../src/modules/ledger/index.ts'
import type { AgreementTerms } from '../src/modules/lenders/core.ts'
import { addParties } from '../src/modules/parties/index.ts'
import type { PartyInput } from '../src/modules/parties/core.ts'
import type { Agency, World } from './world.ts'

/** Terms that most tests need nothing else of: a quarter of principal and interest, no charges. */
export const plainTerms: AgreementTerms = {
  commission: { base: ['principal', 'interest'], rate: '0.25', vatRate: '0' }, interest: null, lateFee: null,
  allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 180,
}

/** A lender of a test: its agreement and a key that reaches its rows. */
export interface TestLender { id: Id<'lender'>, key: string, agreementId: Id<'agreement'>, currency: string }

/** Adds a lender with an agreement in one currency and a key of its own. */
export async function lender (w: World, of: Agency, { currency = 'CNY', terms = plainTerms }: { currency?: string, terms?: AgreementTerms } = {}): Promise<TestLender> {
  const { id } = await w.ok<{ id: Id<'lender'> }>(of, 'POST', '/v1/lenders', { name: 'First Harbour Bank' })
  const agreement = await w.ok<{ id: Id<'agreement'> }>(of, 'POST', `/v1/lenders/${id}/agreements`, { currency, terms })
  const { key } = await w.ok<{ key: string }>(of, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'core banking' })
  return { id, key, agreementId: agreement.id, currency }
}

/** Adds a party of a lender past the API: placing debts is another module's promise. */
export const party = async (w: World, of: Agency, by: TestLender, input: Partial<PartyInput> = {}): Promise<Id<'party'>> =>
  (await w.tx(of, async tx => await addParties(tx, w.vault, by.id, [{ kind: 'person', name: 'Li Wei', ...input }])))[0]!

let count = 0

/** Adds a debt of a lender past the API, with its opening entry. */
export async function debt (w: World, of: Agency, by: TestLender, { parts = {}, borrower, ...facts }: Partial<NewAccount> & { parts?: Partial<Buckets>, borrower?: Id<'party'> } = {}): Promise<Id<'account'>> {
  const balance: Buckets = { ...noBuckets, principal: 1_000_00, ...parts }
  const row: NewAccount = {
    id: newId('account'), agreementId: by.agreementId, lenderReference: `L-${++count}`, product: 'personalLoan', currency: by.currency, jurisdiction: 'CN', region: null, timeZone: 'Asia/Shanghai',
    contractOn: null, dueOn: '2025-12-01', stage: 'amicable', placedOn: '2026-01-05', ...balance, ...facts,
  }
  await w.tx(of, async tx => {
    await insertAccounts(tx, by.id, [row])
    if (borrower !== undefined) await insertAccountParties(tx, by.id, [{ accountId: row.id, partyId: borrower, role: 'borrower' }])
    const lines = linesFor(balance, (claim, amount) => ({ debit: claim, credit: 'C.PLACED', amount }))
    if (lines.length > 0) await postOpenings(tx, [{ lenderId: by.id, accountId: row.id, kind: 'placement', causeId: row.id, effectiveOn: row.placedOn, currency: row.currency, lines }])
  })
  return row.id
}
