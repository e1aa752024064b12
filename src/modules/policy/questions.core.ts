import { allocationVerdict } from './allocation.core.ts'
import type { AllocationVerdict } from './allocation.core.ts'
import type { AllocationFacts, PaymentAsked } from './allocation.facts.core.ts'
import { chargeVerdict } from './charges.core.ts'
import type { ChargeVerdict } from './charges.core.ts'
import type { Charge, ChargeFacts } from './charges.facts.core.ts'
import { decide } from './core.ts'
import { checkNames, isTelling } from './facts.core.ts'
import type { Action, Facts } from './facts.core.ts'
import { packsOf } from './house.core.ts'
import { limitationVerdict } from './limitation.core.ts'
import type { LimitationVerdict } from './limitation.core.ts'
import type { LimitationFacts, PeriodAsked } from './limitation.facts.core.ts'
import type { Pack } from './pack.core.ts'
import { retentionVerdict } from './retention.core.ts'
import type { RetentionVerdict } from './retention.core.ts'
import type { DataAct, RetentionFacts } from './retention.facts.core.ts'
import type { Verdict } from './verdict.core.ts'

/** What can be asked of the law. */
export const questionKinds = ['contact', 'charge', 'allocation', 'limitation', 'retention'] as const
export type QuestionKind = (typeof questionKinds)[number]

interface Asked<K extends QuestionKind, F, A> { readonly kind: K, readonly facts: F, readonly action: A }
/** A question of any kind, with the facts it rests on. */
export type Question =
  | Asked<'contact', Facts, Action> | Asked<'charge', ChargeFacts, Charge> | Asked<'allocation', AllocationFacts, PaymentAsked>
  | Asked<'limitation', LimitationFacts, PeriodAsked> | Asked<'retention', RetentionFacts, DataAct>

/** What a question is answered with, by its kind. */
export interface Answers { contact: Verdict, charge: ChargeVerdict, allocation: AllocationVerdict, limitation: LimitationVerdict, retention: RetentionVerdict }
export type Answer = Answers[QuestionKind]

/** Answers a question of any kind. Pure: the same packs and question give the same bytes. */
export function answer (packs: readonly Pack[], question: Question): Answer {
  switch (question.kind) {
    case 'contact': return decide(packs, question.facts, question.action)
    case 'charge': return chargeVerdict(packs, question.facts, question.action)
    case 'allocation': return allocationVerdict(packs, question.facts, question.action)
    case 'limitation': return limitationVerdict(packs, question.facts, question.action)
    case 'retention': return retentionVerdict(packs, question.facts, question.action)
  }
}

/** Refuses a question that names people by themselves and not by ids or hashes: such facts are not kept. Throws a plain Error that repeats nothing. */
export function checkQuestion (question: Question): void {
  if (question.kind === 'contact') checkNames(question.facts, question.action)
  if (question.kind === 'allocation' && [question.action.designates, ...question.facts.agreedDebts ?? [], ...question.facts.debts?.map(({ debt }) => debt) ?? []].some(isTelling)) {
    throw new Error('facts that are kept name debts by ids only')
  }
}

/** A decision as it is kept: enough to make it again. */
export type StoredDecision = Question & { readonly packVersions: Readonly<Record<string, string>> }

/** Decides again what was decided, with the packs of that time, the agency's `own` among them: the same bytes. */
export const recompute = (stored: StoredDecision, own: readonly Pack[] = []): Answer => answer(packsOf(stored.packVersions, own), stored)
