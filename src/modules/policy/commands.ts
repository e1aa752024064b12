import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { insertDecisions } from './db.ts'
import type { NewDecision } from './db.ts'
import type { Pack } from './pack.core.ts'
import { answer, checkQuestion } from './questions.core.ts'
import type { Answers, Question, QuestionKind } from './questions.core.ts'

/** Whom a decision concerns, and the packs that apply. The caller brings them, and the facts: history lives in modules below. */
interface Concern { accountId: Id<'account'> | null, lenderId?: Id<'lender'>, partyId: Id<'party'> | null, packs: readonly Pack[] }

/** What is asked of one kind: the facts and what is asked about. */
export type RequestOf<K extends QuestionKind> = Concern & Pick<Extract<Question, { kind: K }>, 'facts' | 'action'>
/** A contact to decide. */
export type ContactRequest = RequestOf<'contact'>
/** A charge to decide. */
export type ChargeRequest = RequestOf<'charge'>

/** A decision that was made and kept. */
export interface DecisionOf<K extends QuestionKind> { id: Id<'policyDecision'>, verdict: Answers[K] }
/** A decision on a contact that was made and kept. */
export type Decision = DecisionOf<'contact'>

/** Keeps decisions already made, any number at once, and answers their ids in order. Throws a plain Error on facts that hold personal data. */
export async function recordDecisions (tx: Tx, decisions: readonly NewDecision[]): Promise<Id<'policyDecision'>[]> {
  for (const { question } of decisions) checkQuestion(question)
  return await insertDecisions(tx, decisions)
}

/** Decides questions of one kind and keeps every decision, allowed or not; answers in the order asked. Throws a plain Error on facts that hold personal data. */
export async function decideQuestions<K extends QuestionKind> (tx: Tx, kind: K, requests: readonly RequestOf<K>[]): Promise<DecisionOf<K>[]> {
  const decisions = requests.map(({ accountId, lenderId, partyId, packs, facts, action }) => {
    // A named boundary: facts and action of one kind make a question of it, and its answer is that kind's.
    const question = { kind, facts, action } as Question
    return { accountId, lenderId: lenderId ?? null, partyId, question, verdict: answer(packs, question) as Answers[K] }
  })
  const ids = await recordDecisions(tx, decisions)
  return decisions.map(({ verdict }, i) => ({ id: ids[i]!, verdict }))
}

/** Decides contacts and keeps every decision, allowed or not; answers in the order asked. */
export const decideContacts = async (tx: Tx, requests: readonly ContactRequest[]): Promise<Decision[]> => await decideQuestions(tx, 'contact', requests)

/** Decides charges and keeps every decision, allowed or not; answers in the order asked. */
export const decideCharges = async (tx: Tx, requests: readonly ChargeRequest[]): Promise<DecisionOf<'charge'>[]> => await decideQuestions(tx, 'charge', requests)
