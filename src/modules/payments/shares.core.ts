import { problem } from '#kernel'
import type { AllocationVerdict } from '../policy/allocation.core.ts'
import { debtCriteria } from '../policy/allocation.facts.core.ts'
import type { DebtCriterion } from '../policy/allocation.facts.core.ts'
import type { orderSources } from './orders.core.ts'

export const DebtsApart = problem('debts-apart', 422, 'The debts are not of one borrower with one lender.', 'Allocate the receipt in parts: name with each the debts of one borrower with one lender.')
export const DebtsTooMany = problem('debts-too-many', 422, 'The borrower has more debts than one allocation takes.', 'Name the debts with `debts`, in parts.')
export const NothingOwed = problem('nothing-owed', 409, 'None of the debts is at work and owed in the currency of the receipt.', 'Read the accounts of the borrower: what nobody owes is given back, not allocated.')

/** How money for several debts may be shared out: what is due first, or what is oldest, or dearest, or all in proportion. */
export const shareRules = ['dueFirst', 'oldestFirst', 'dearestFirst', 'proRata'] as const
export type ShareRule = typeof shareRules[number]

/** What decides by each rule, in turn. What the borrower said the money is for goes before, by any of them. */
const criteriaOf: Record<ShareRule, readonly DebtCriterion[]> = {
  dueFirst: ['borrowerDesignation', 'due', 'earlierDue', 'proRata'], oldestFirst: ['borrowerDesignation', 'older', 'proRata'],
  dearestFirst: ['borrowerDesignation', 'heavierBurden', 'earlierDue', 'proRata'], proRata: ['borrowerDesignation', 'proRata'],
}

/** What a rule was agreed to decide by. */
export const criteriaFor = (rule: ShareRule | undefined): DebtCriterion[] | undefined => rule === undefined ? undefined : [...criteriaOf[rule]]

/** What decides where neither a rule was named nor a law is known: what BGB 366(2) and the Civil Code of China, article 560, have in common. */
export const defaultCriteria: readonly DebtCriterion[] = ['borrowerDesignation', 'due', 'lessSecured', 'heavierBurden', 'earlierDue', 'proRata']

const isCriterion = (name: string): name is DebtCriterion => debtCriteria.some(criterion => criterion === name)

/** What decides among several debts, and where it is from. */
export interface Sharing { criteria: DebtCriterion[], source: typeof orderSources[number], clause: string | null }

/** What decides: the rule that was named, unless mandatory law says otherwise and does not let it be agreed; where none was named what the law says, and where it is silent ours. */
export function sharingBy (rule: ShareRule | undefined, { isAgreed, order, rule: law }: Pick<AllocationVerdict, 'isAgreed' | 'order' | 'rule'>): Sharing {
  const isBinding = law !== null && !isAgreed && law.strength === 'mandatory'
  if (rule !== undefined && !isBinding) return { criteria: [...criteriaOf[rule]], source: 'agreement', clause: null }
  if (law !== null) return { criteria: order.filter(isCriterion), source: 'law', clause: law.clause }
  return { criteria: [...defaultCriteria], source: 'default', clause: null }
}
