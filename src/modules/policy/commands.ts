import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { decide } from './core.ts'
import { insertDecisions } from './db.ts'
import type { NewDecision } from './db.ts'
import { checkNames } from './facts.core.ts'
import type { Pack } from './pack.core.ts'
import type { Verdict } from './verdict.core.ts'

/** A contact to decide, with the packs that apply and the facts it rests on. The caller brings them: history lives in modules below. */
export interface ContactRequest extends Omit<NewDecision, 'verdict'> { packs: readonly Pack[] }

/** A decision that was made and kept. */
export interface Decision { id: Id<'policyDecision'>, verdict: Verdict }

/** Keeps decisions already made, any number at once, and answers their ids in order. Throws a plain Error on facts that hold personal data. */
export async function recordDecisions (tx: Tx, decisions: readonly NewDecision[]): Promise<Id<'policyDecision'>[]> {
  for (const { facts, action } of decisions) checkNames(facts, action)
  return await insertDecisions(tx, decisions)
}

/** Decides contacts and keeps every decision, allowed or not; answers in the order asked. */
export async function decideContacts (tx: Tx, requests: readonly ContactRequest[]): Promise<Decision[]> {
  const decisions = requests.map(({ packs, ...request }) => ({ ...request, verdict: decide(packs, request.facts, request.action) }))
  const ids = await recordDecisions(tx, decisions)
  return decisions.map(({ verdict }, i) => ({ id: ids[i]!, verdict }))
}
