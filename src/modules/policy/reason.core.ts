import { stronger } from './pack.core.ts'
import type { Applies, Pack, Rule, Strength } from './pack.core.ts'
import type { Reason, ReasonFacts } from './verdict.core.ts'
import { instantText } from './windows.core.ts'

/** A rule that stands in the way. `ends` is an instant in epoch milliseconds; null: not by time. */
export function reasonOf (pack: Pack, rule: Rule, facts: ReasonFacts, ends: number | null, lift: string | null = null): Reason {
  const { id, clause, says, strength } = rule
  return { rule: id, pack: pack.id, clause, says, strength, lift, facts, ends: ends === null ? null : instantText(ends) }
}

/** A rule that cannot be judged, and therefore refuses: it names the facts it lacks. */
export const refusal = (pack: Pack, rule: Rule, missing: string[]): Reason =>
  ({ ...reasonOf(pack, rule, { missing }, null, `facts: ${missing.join(', ')}`), says: `Facts missing (${missing.join(', ')}), without which this cannot be judged: ${rule.says}` })

/** The refusal when no law is known for a place: nothing may be assumed to be allowed. */
export const noPack: Reason = {
  rule: 'RECOUP.NO_PACK', pack: 'RECOUP', clause: 'none', says: 'Facts missing (packs): no law is known for this place, so nothing can be assumed to be allowed.', strength: 'mandatory',
  lift: 'a pack for the borrower\'s place', facts: { missing: ['packs'] }, ends: null,
}

/** The refusal when the laws asked say nothing of a question that only a law can answer. */
export const noRule = (question: string): Reason => ({
  rule: 'RECOUP.NO_RULE', pack: 'RECOUP', clause: 'none', says: `Facts missing (rules): none of the laws asked says ${question}.`, strength: 'mandatory', lift: 'a pack that says so', facts: { missing: ['rules'] }, ends: null,
})

/** Facts that a rule needs and that are not known, by name. */
export interface Missing { missing: string[] }

/** The strongest of the reasons; the weakest of all when there is none. */
export const strengthOf = (reasons: readonly Reason[]): Strength => reasons.reduce<Strength>((strength, reason) => stronger(strength, reason.strength), 'advisory')

/** The packs asked, each with its version. */
export const versionsOf = (packs: readonly Pack[]): Record<string, string> => Object.fromEntries(packs.map(({ id, version }) => [id, version]))

/** What is known of a case that decides which rules concern it. */
export interface KnownCase { readonly borrowerType?: string | undefined, readonly lenderType?: string | undefined, readonly product?: string | undefined }

/** Whether a rule concerns a case; when that is not known, the names of the facts that would tell. */
export function concerns (applies: Applies | undefined, known: KnownCase): boolean | Missing {
  if (applies === undefined) return true
  const asked = [['facts.borrowerType', applies.borrowerTypes, known.borrowerType], ['facts.lenderType', applies.lenderTypes, known.lenderType], ['facts.product', applies.products, known.product]] as const
  const listed = asked.filter(([, words]) => words !== undefined)
  if (listed.some(([, words, word]) => word !== undefined && !words!.some(one => one === word))) return false
  const missing = listed.filter(([, , word]) => word === undefined).map(([name]) => name)
  return missing.length === 0 || { missing }
}

/** Claims made that none of the rules reads, in order. */
export const unreadOf = (flags: Readonly<Record<string, unknown>> | undefined, read: ReadonlySet<string>): string[] => Object.keys(flags ?? {}).filter(flag => !read.has(flag)).sort()
