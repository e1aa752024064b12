import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Value } from 'typebox/value'
import { Action, Facts } from '../../src/modules/policy/facts.core.ts'
import { decide } from '../../src/modules/policy/core.ts'
import { packsNamed } from '../../src/modules/policy/library.core.ts'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
interface Row {
  id: string, kind: string, packs: string[], context: { [key: string]: Json }, action: { [key: string]: Json }
  expected: { verdict: 'allowed' | 'wait' | 'blocked', earliest_allowed_at: string | null, rule_ids?: string[], strength?: string }
}

// The rows are not part of this project: they stand beside it, or where the variable says.
const path = join(process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'compliance/vectors.json')

const camel = (text: string): string => text.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
/** The published rows speak of debtors; a few words are ours. */
const words: Record<string, string> = { debtor: 'borrower', contact_person: 'contactOnly', at_debtor_request: 'atBorrowerRequest', consumer: 'consumer' }
const spoken = new Set(['channel', 'direction', 'outcome', 'party', 'purpose', 'place', 'actor', 'stage', 'medium', 'opt_out_method', 'disclosures', 'debtor_type'])
const word = (text: string): string => words[text] ?? camel(text)

/** A row's facts and action in our words: names by rule, values where they are words of the law. */
function translate (value: Json, key = ''): Json {
  if (Array.isArray(value)) return value.map(item => translate(item, key))
  if (value === null || typeof value !== 'object') return typeof value === 'string' && spoken.has(key) ? word(value) : value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [camel(name), name === 'flags' ? flags(child) : translate(child, name)]))
}
const flags = (value: Json): Json => Object.fromEntries(Object.entries(value ?? {}).map(([name, child]) => [camel(name.replace(/^debtor_/, 'borrower_')), typeof child === 'string' ? camel(child) : child as Json]))

function factsOf (context: Row['context']): Facts {
  const { debtor_timezone: zone, candidate_timezones: candidates, debtor_type: borrowerType, customer_requested_windows: requestedWindows, ...rest } = context
  const zones = [...zone === undefined ? [] : [zone], ...Array.isArray(candidates) ? candidates : []]
  const { debt_groups: debtGroups, ...others } = rest
  return {
    ...translate(others) as object, timeZones: [...new Set(zones)] as string[],
    ...debtGroups !== undefined && { debtGroups: debtGroups as Record<string, string> },
    ...borrowerType !== undefined && { borrowerType: borrowerType as 'consumer' }, ...requestedWindows !== undefined && { requestedWindows: requestedWindows as never },
  }
}

function actionOf ({ type: _type, reply_to: replyTo, ...action }: Row['action']): Action {
  const reply = replyTo === undefined ? {} : { replyTo: { ...translate(replyTo) as object, initiatedBy: (replyTo as { initiated_by: string }).initiated_by === 'consumer' ? 'borrower' : 'collector' } }
  return { ...translate(action) as object, ...reply } as Action
}

const instant = (text: string | null): number | null => text === null ? null : Date.parse(text)

t.test('every published contact row gets the verdict the law gives it', { skip: existsSync(path) ? false : `no ${path}; set RECOUP_VECTORS_DIR` }, async t => {
  const rows = (JSON.parse(readFileSync(path, 'utf8')) as Row[]).filter(({ kind }) => kind === 'contact')
  for (const row of rows) {
    const facts = factsOf(row.context)
    const action = actionOf(row.action)
    t.ok(Value.Check(Facts, facts), `${row.id}: the facts can be expressed`)
    t.ok(Value.Check(Action, action), `${row.id}: the contact can be expressed`)
    const verdict = decide(packsNamed(row.packs, action.at.slice(0, 10)), facts, action)
    const { expected } = row
    t.equal(verdict.verdict, expected.verdict === 'blocked' ? 'denied' : expected.verdict, row.id)
    t.equal(instant(verdict.earliestAllowedAt), instant(expected.earliest_allowed_at), `${row.id}: the earliest moment`)
    t.same(verdict.reasons.map(({ rule }) => rule).sort(), [...expected.rule_ids ?? []].sort(), `${row.id}: the rules`)
    if (expected.strength !== undefined) t.equal(verdict.strength, expected.strength, `${row.id}: the strength`)
  }
  t.comment(`${rows.length} contact rows`)
  t.ok(rows.length > 100, 'the file holds contact rows')
})
